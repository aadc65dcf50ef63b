-- P15 · Utilisation against strain. The gap is the share of agents' days on which calls and chats took more of the logged-in
-- time than people can sustain: an average of full and empty days hides it.
select
    {{ pair_columns(
        'P15',
        cohort='logged_in_day_count',
        reported=['handle_on_logged_in_seconds', 'logged_in_seconds'],
        headline=['handle_on_paid_seconds', 'paid_seconds'],
        reality=['strained_day_count', 'logged_in_day_count'],
        gap_count='strained_day_count',
        window_days=none
    ) }}
from {{ ref('team_experience') }}
where not is_suppressed
