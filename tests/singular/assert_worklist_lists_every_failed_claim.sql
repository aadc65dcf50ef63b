-- Mirror of returned_claims and the verdicts: each failed claim is listed once, and nothing else is. What is in the
-- rate adds up to the falsified count of the scorecard's cohort.
with

failed as (

    select
        claim_id,
        window_days,
        is_headline_cohort and is_mature and verdict = 'falsified' as is_in_rate
    from {{ ref('fct_claim_verdicts') }}
    where tier_set = 'return' and falsified_at is not null

)

select
    failed.claim_id as failed_claim_id,
    listed.claim_id as listed_claim_id,
    coalesce(failed.window_days, listed.window_days) as window_days
from failed
full outer join {{ ref('returned_claims') }} as listed
    on
        failed.claim_id = listed.claim_id
        and failed.window_days = listed.window_days
where failed.is_in_rate is distinct from listed.is_in_rate
