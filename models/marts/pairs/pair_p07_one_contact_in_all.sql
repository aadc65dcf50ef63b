-- P07 · First contact resolution of one channel against one contact in all. First visits; the gap is the share that came
-- back, but only by another door.
select
    {{ pair_columns(
        'P07',
        cohort='cohort_count',
        reported=['reported_resolved_count', 'reported_count'],
        headline=['called_resolved_count', 'cohort_count'],
        reality=['stayed_away_count', 'cohort_count'],
        gap_count='came_back_count'
    ) }}
from {{ ref('first_contact_resolution') }}
where definition_id = 'F12'
