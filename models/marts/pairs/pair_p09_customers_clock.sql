-- P09 · Service level met against the customer's clock. The gap is the share of tickets that were in time only because the
-- clock was paused, or because it had stopped for good when the ticket was reopened.
select
    {{ pair_columns(
        'P09',
        cohort='clock_cohort_count',
        reported=['met_count', 'judged_count'],
        headline=['clock_cohort_met_count', 'clock_cohort_count'],
        reality=['customer_met_count', 'clock_cohort_count'],
        gap_count='clock_cohort_met_count - customer_met_count'
    ) }}
from {{ ref('service_levels') }}
where metric = 'sla_resolution'
