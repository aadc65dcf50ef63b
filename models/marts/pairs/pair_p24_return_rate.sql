-- P24 · Reopen rate against return rate. The gap is the share that came back without being reopened: what the tool
-- cannot see.
select
    {{ pair_columns(
        'P24',
        cohort='cohort_count',
        reported=['reopened_so_far_count', 'claim_count'],
        headline=['reopened_count', 'cohort_count'],
        reality=['falsified_count', 'cohort_count'],
        gap_count='falsified_count - reopened_count'
    ) }}
from {{ ref('resolution_quality') }}
where claim_type = 'ticket_resolved'
