-- Grain: one survey invitation about a ticket. Empty where no source system delivers surveys.
with

unioned as (

    {{ union_systems('surveys') }}

),

final as (

    select
        source_system || ':' || ticket_id as ticket_key,
        source_system,
        survey_id,
        sent_at,
        answered_at,
        coalesce({{ lowered(trimmed('resolved_answer')) }} in ('no', 'n', 'false', '0'), false) as says_not_resolved
    from unioned

)

select * from final
