-- P07 · First contact resolution of one channel against one contact in all. First visits; the gap is the share that came
-- back, but only by another door. A system of one channel shows no other: of it nothing is said.
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
where
    definition_id = 'F12'
    and source_system in (
        select channels.source_system from {{ ref('first_contact_resolution') }} as channels
        where channels.definition_id = 'F12' and channels.unit_type = 'channel'
        group by channels.source_system
        having count(distinct channels.unit) > 1
    )
