-- P04 · Tickets resolved against problems that recur. Every resolved new case was called done; the gap is the share whose person
-- had had the same resolved before, within the look-back and longer than 7 days ago. By account and in all.
select
    {{ pair_columns(
        'P04',
        cohort='case_count',
        reported=['resolved_incident_count', 'incident_count'],
        headline=['case_count', 'case_count'],
        reality=['case_count - recycled_count', 'case_count'],
        gap_count='recycled_count'
    ) }}
from {{ ref('recycled_incidents') }}
where family_type = 'issue'
