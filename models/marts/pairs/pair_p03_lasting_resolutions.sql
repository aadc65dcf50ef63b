-- P03 · Tickets closed against lasting resolutions. Every mature observable claim said "done"; the gap is the share
-- that did not hold.
select
    {{ pair_columns(
        'P03',
        cohort='cohort_count',
        reported=['claim_count', none],
        headline=['cohort_count', 'cohort_count'],
        reality=['held_count', 'cohort_count'],
        gap_count='falsified_count'
    ) }}
from {{ ref('resolution_quality') }}
where claim_type = 'ticket_resolved'
