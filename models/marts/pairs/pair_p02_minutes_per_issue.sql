-- P02 · Handle time against the time of a whole issue. The gap is the share of an issue's handle time that came after its
-- first contact: what no average of contacts shows.
select
    {{ pair_columns(
        'P02',
        cohort='chain_count',
        reported=['handle_seconds', 'contact_count'],
        headline=['first_contact_seconds', 'chain_count'],
        reality=['chain_handle_seconds', 'chain_count'],
        gap='later_contacts_share',
        gap_low='later_contacts_share_low',
        gap_high='later_contacts_share_high'
    ) }}
from {{ ref('handle_time_in_context') }}
where not is_suppressed
