-- P14 · Satisfaction against satisfaction of those who had to come back. Answers of which it is known whether the customer
-- came back.
select
    {{ pair_columns(
        'P14',
        cohort='judged_rated_count',
        reported=['reported_satisfied_count', 'reported_rated_count'],
        headline=['judged_satisfied_count', 'judged_rated_count'],
        reality=['back_satisfied_count', 'back_rated_count'],
        gap='came_back_gap',
        gap_low='came_back_gap_low',
        gap_high='came_back_gap_high',
        window_days=none
    ) }}
from {{ ref('survey_coverage') }}
