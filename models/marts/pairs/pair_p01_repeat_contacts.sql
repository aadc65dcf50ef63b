-- P01 · Handle time against repeat contacts. Where customers come back more often after contacts that were quicker than
-- their work lets expect, speed is bought with second calls.
select
    {{ pair_columns(
        'P01',
        cohort='cohort_count',
        reported=['handle_seconds', 'contact_count'],
        headline=['cohort_handle_seconds', 'cohort_expected_seconds'],
        reality=['repeat_count', 'cohort_count'],
        gap='back_difference',
        gap_low='back_difference_low',
        gap_high='back_difference_high',
        is_both_worse="coalesce(quadrant = 'slow_and_back', false)"
    ) }}
from {{ ref('handle_time_in_context') }}
where not is_suppressed
