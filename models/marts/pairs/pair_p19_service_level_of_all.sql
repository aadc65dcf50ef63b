-- P19 · Service level of the answered against all who rang. The gap is what the answered do not show: those who gave up were
-- not answered in time either. Where nobody was answered there is no headline.
select
    {{ pair_columns(
        'P19',
        cohort='case when judged_count > 0 then cohort_count else 0 end',
        reported=['met_count', 'judged_count'],
        headline=['met_count', 'judged_count'],
        reality=['met_count', 'case when judged_count > 0 then cohort_count else 0 end'],
        gap='lost_from_service_level',
        gap_low='lost_from_service_level_low',
        gap_high='lost_from_service_level_high'
    ) }}
from {{ ref('service_levels') }}
where metric = 'calls'
