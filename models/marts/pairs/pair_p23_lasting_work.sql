-- P23 · Tickets per agent-day against work that lasted. A resolution counts for what its category usually takes, and only
-- where it held; the gap is the share of the resolutions that this leaves over.
select
    {{ pair_columns(
        'P23',
        cohort='cohort_count',
        reported=['resolved_count', 'paid_day_count'],
        headline=['cohort_count', 'paid_day_count'],
        reality=['lasting_work', 'paid_day_count'],
        gap='work_gap',
        gap_low='work_gap_low',
        gap_high='work_gap_high'
    ) }}
from {{ ref('team_experience') }}
where not is_suppressed
