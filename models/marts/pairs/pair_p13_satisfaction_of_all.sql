-- P13 · Satisfaction against who was asked and who answered. Reality is the score weighed by who came back and by channel. The
-- gap's lower bound is what is shown beyond chance, its upper bound what the silence of the others leaves open.
select
    {{ pair_columns(
        'P13',
        cohort='rated_count',
        reported=['reported_satisfied_count', 'reported_rated_count'],
        headline=['satisfied_count', 'rated_count'],
        reality=['expected_satisfied_count', 'eligible_count'],
        gap='coverage_gap',
        gap_low='coverage_gap_low',
        gap_high='coverage_gap_high',
        window_days=none
    ) }}
from {{ ref('survey_coverage') }}
