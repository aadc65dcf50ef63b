-- P22 · Password resets against lockouts, both against the months before the price (without a price: the first whole
-- month), per user. The gap: by how much lockouts outgrew what was reset by any door.
select
    {{ pair_columns(
        'P22',
        cohort='mean_users',
        reported=['reset_count', none],
        headline=['any_door_change', none],
        reality=['lockout_change', none],
        gap='hidden_need',
        gap_low='hidden_need_low',
        gap_high='hidden_need_high',
        window_days=none
    ) }}
from {{ ref('priced_requests') }}
where unit_type in ('total', 'account')
