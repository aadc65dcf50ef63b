-- P27 · First-level resolution against first-level resolution that held. The gap is the share that came back or went to
-- another line.
select
    {{ pair_columns(
        'P27',
        cohort='cohort_count',
        reported=['passed_count', 'offered_count'],
        headline=['cohort_count', 'cohort_count'],
        reality=['held_count', 'cohort_count'],
        gap_count='failed_count'
    ) }}
from {{ ref('passed_and_held') }}
where gate = 'first_line'
