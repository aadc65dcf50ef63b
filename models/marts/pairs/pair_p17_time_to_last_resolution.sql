-- P17 · Time to the first resolution against time to the last. The gap is the share of the time to the last resolution that
-- came after the first.
select
    {{ pair_columns(
        'P17',
        cohort='cohort_count',
        reported=['desk_seconds_mean', none],
        headline=['desk_seconds_sum', 'timed_count'],
        reality=['customer_seconds_sum', 'timed_count'],
        gap='time_after_first_share',
        gap_low='time_after_first_share_low',
        gap_high='time_after_first_share_high'
    ) }}
from {{ ref('service_levels') }}
where metric = 'time_to_resolution'
