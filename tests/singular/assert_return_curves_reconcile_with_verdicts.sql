-- Mart = fact: in each unit type every observable headline claim that was watched is in one curve, and who is back by the end of a
-- window is whom the verdict of that window calls falsified, less who was back on a day not watched to its end. Accounts that
-- left are left out of the second half: a return after that is no return here.
with

verdicts as (

    select
        *,
        {{ seconds_between('claimed_at', 'observed_until') }} as observed_seconds,
        {{ seconds_between('claimed_at', 'falsified_at') }} as return_seconds
    from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and is_headline_cohort
        and is_observable
        and claim_type in ('ticket_resolved', 'contact_handled', 'call_resolved')

),

fact as (

    select
        claim_type,
        source_system,
        window_days,
        count(*) as claim_count,
        {{ count_where(
            "falsified_at is not null and " ~ integer_division('greatest(return_seconds, 0) + 86399', '86400')
            ~ " <= " ~ integer_division('observed_seconds', '86400')
        ) }} as returned_count
    from verdicts
    where observed_seconds >= 0
    group by claim_type, source_system, window_days

),

curves as (

    select
        claim_type,
        source_system,
        unit_type,
        day_number,
        sum(claim_count) as claim_count,
        sum(returned_so_far_count) as returned_count
    from {{ ref('return_curves') }}
    group by claim_type, source_system, unit_type, day_number

),

with_churn as (

    select distinct
        claim_type,
        source_system
    from {{ ref('return_curves') }}
    where churned_count > 0

),

shapes as (

    select distinct
        claim_type,
        source_system,
        unit_type
    from curves

)

select
    fact.*,
    shapes.unit_type,
    curves.claim_count as mart_claim_count,
    curves.returned_count as mart_returned_count
from fact
left join shapes
    on
        fact.claim_type = shapes.claim_type
        and fact.source_system = shapes.source_system
left join curves
    on
        shapes.claim_type = curves.claim_type
        and shapes.source_system = curves.source_system
        and shapes.unit_type = curves.unit_type
        and fact.window_days = curves.day_number
left join with_churn
    on
        fact.claim_type = with_churn.claim_type
        and fact.source_system = with_churn.source_system
where
    fact.window_days <= 60
    and (
        fact.claim_count is distinct from curves.claim_count
        or (with_churn.claim_type is null and fact.returned_count is distinct from curves.returned_count)
    )
