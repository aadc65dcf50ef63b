-- P26 · Problem records closed against the incidents after. A closed record says that all of its incidents have ended;
-- the gap is how many of each one before the fix still come after it.
select
    {{ pair_columns(
        'P26',
        cohort='before_count + after_count',
        reported=['closed_count', none],
        headline=['before_count', 'before_count'],
        reality=['greatest(before_count - after_count, 0)', 'before_count'],
        gap='rate_ratio',
        gap_low='rate_ratio_low',
        gap_high='rate_ratio_high'
    ) }}
from {{ ref('problem_fixes') }}
