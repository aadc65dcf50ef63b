-- Grain: one thing that became of a business claim. Which words contradict a claim of that type says a seed; a word that
-- is not listed contradicts nothing, and the audit counts it.
with

unioned as (

    {{ union_systems('business_outcomes') }}

),

listed as (

    select * from {{ ref('business_outcomes') }}

),

final as (

    select
        unioned.source_system || ':' || unioned.claim_type || ':' || unioned.claim_id as claim_key,
        unioned.source_system,
        unioned.claim_type,
        unioned.claim_id,
        row_number() over (
            partition by unioned.source_system, unioned.claim_type, unioned.claim_id
            order by unioned.outcome_at, {{ text_order('unioned.outcome') }}
        ) as outcome_number,
        unioned.outcome_at,
        coalesce(listed.outcome, unioned.outcome) as outcome,
        listed.falsifies,
        unioned.amount
    from unioned
    left join listed
        on
            {{ lowered(trimmed('unioned.claim_type')) }} = listed.claim_type
            and {{ lowered(trimmed('unioned.outcome')) }} = listed.outcome

)

select * from final
