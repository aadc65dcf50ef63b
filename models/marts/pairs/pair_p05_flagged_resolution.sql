-- P05 · First contact resolution as flagged against as behaved. First visits of issues that carry a flag; the gap is the
-- share flagged as resolved after which the customer came back.
select
    {{ pair_columns(
        'P05',
        cohort='cohort_count',
        reported=['reported_resolved_count', 'reported_count'],
        headline=['called_resolved_count', 'cohort_count'],
        reality=['stayed_away_count', 'cohort_count'],
        gap_count='came_back_count'
    ) }}
from {{ ref('first_contact_resolution') }}
where definition_id = 'F1'
