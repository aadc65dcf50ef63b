-- P29 to P33, P37, P39, P40 and P42, and whichever measured series the seed business_measure_pairs names. How each gap is made is
-- said there.
select
    {{ pair_columns(
        none,
        pair_column='pair_id',
        cohort='cohort_count',
        reported=['reported_numerator', 'reported_denominator'],
        headline=['headline_numerator', 'headline_denominator'],
        reality=['reality_numerator', 'reality_denominator'],
        gap_count='gap_count',
        gap='gap',
        gap_low='gap_low',
        gap_high='gap_high',
        window_days=none
    ) }}
from {{ ref('business_measures_scorecard') }}
