-- P06 · First contact resolution against satisfaction. First visits about which somebody answered a survey; the gap is the
-- share after which nobody came back, and who is dissatisfied all the same.
select
    {{ pair_columns(
        'P06',
        cohort='rated_count',
        reported=['reported_resolved_count', 'reported_count'],
        headline=['rated_resolved_count', 'rated_count'],
        reality=['rated_resolved_count - rated_dissatisfied_count', 'rated_count'],
        gap_count='rated_dissatisfied_count'
    ) }}
from {{ ref('first_contact_resolution') }}
where definition_id = 'F4'
