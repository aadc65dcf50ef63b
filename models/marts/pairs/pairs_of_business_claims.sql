-- P28, P34, P35, P36, P38, P41 and P43, and whichever types of business claims the seed business_claim_pairs names. Every mature
-- claim said "done"; the gap is the share that did not hold.
select
    {{ pair_columns(
        none,
        pair_column='pair_id',
        cohort='cohort_count',
        reported=['reported_numerator', 'reported_denominator'],
        headline=['cohort_count', 'cohort_count'],
        reality=['held_count', 'cohort_count'],
        gap_count='falsified_count'
    ) }}
from {{ ref('business_claims_scorecard') }}
where pair_id is not null
