-- Grain: one status that pauses the clock of one metric of one policy, in canonical words.
with

statuses as (

    select * from {{ ref('ticket_statuses') }}

),

canonical_words as (

    select distinct status from statuses

),

listed as {{ computed_once() }} (

    select
        source_system,
        policy_key,
        metric,
        {{ listed_words('pausing_statuses') }} as word
    from {{ ref('int_sla_policies') }}

),

spelled as {{ computed_once() }} (

    select
        source_system,
        policy_key,
        metric,
        {{ lowered(trimmed('word')) }} as word,
        translate({{ lowered(trimmed('word')) }}, '-_', '  ') as word_with_blanks,
        translate({{ lowered(trimmed('word')) }}, '- ', '__') as word_with_lines
    from listed

),

final as (

    -- the tool's own word, the same with blanks, or ours: On-hold is on_hold
    select distinct
        spelled.policy_key,
        spelled.metric,
        coalesce(words.status, blanks.status, canonical_words.status, spelled.word) as status
    from spelled
    left join statuses as words
        on
            spelled.source_system = words.source_system
            and spelled.word = words.source_status
    left join statuses as blanks
        on
            spelled.source_system = blanks.source_system
            and spelled.word_with_blanks = blanks.source_status
    left join canonical_words
        on spelled.word_with_lines = canonical_words.status
    where spelled.word <> ''

)

select * from final
