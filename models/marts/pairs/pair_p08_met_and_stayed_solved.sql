-- P08 · Service level met against met and stayed solved. The gap is the share of tickets that were in time and came back.
select
    {{ pair_columns(
        'P08',
        cohort='cohort_count',
        reported=['met_count', 'judged_count'],
        headline=['cohort_met_count', 'cohort_count'],
        reality=['met_and_held_count', 'cohort_count'],
        gap_count='cohort_met_count - met_and_held_count'
    ) }}
from {{ ref('service_levels') }}
where metric = 'sla_resolution'
