-- P19 · Service level of the answered against all who rang. The gap is what the answered do not show: those who gave up were
-- not answered in time either.
select
    {{ pair_columns(
        'P19',
        cohort='cohort_count',
        reported=['met_count', 'judged_count'],
        headline=['met_count', 'judged_count'],
        reality=['met_count', 'cohort_count'],
        gap='lost_from_service_level',
        gap_low='lost_from_service_level_low',
        gap_high='lost_from_service_level_high'
    ) }}
from {{ ref('service_levels') }}
where metric = 'calls'
