-- P21 · Quality score against what held. The gap is the share of the work that passed its review and came back.
select
    {{ pair_columns(
        'P21',
        cohort='cohort_count',
        reported=['passed_count', 'offered_count'],
        headline=['cohort_count', 'cohort_count'],
        reality=['held_count', 'cohort_count'],
        gap_count='failed_count'
    ) }}
from {{ ref('passed_and_held') }}
where gate = 'quality_review'
