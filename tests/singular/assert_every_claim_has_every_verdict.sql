-- A claim has one verdict per window of its function and tier set; a feed without coverage must not drop its claims.
with

sets as (

    select distinct tier_set from {{ ref('tier_sets') }}

),

expected as (

    select
        claims.claim_id,
        windows.window_days,
        sets.tier_set
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('windows') }} as windows
        on case when claims.business_function = 'service' then windows.is_for_service else windows.is_for_business end
    cross join sets

)

select expected.*
from expected
left join {{ ref('fct_claim_verdicts') }} as verdicts
    on
        expected.claim_id = verdicts.claim_id
        and expected.window_days = verdicts.window_days
        and expected.tier_set = verdicts.tier_set
where verdicts.claim_id is null
