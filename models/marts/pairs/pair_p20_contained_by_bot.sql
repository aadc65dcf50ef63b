-- P20 · Containment against contact after the bot. The gap is the share of the contained who then came to a person.
select
    {{ pair_columns(
        'P20',
        cohort='cohort_count',
        reported=['passed_count', 'offered_count'],
        headline=['cohort_count', 'cohort_count'],
        reality=['held_count', 'cohort_count'],
        gap_count='failed_count'
    ) }}
from {{ ref('passed_and_held') }}
where gate = 'bot'
