-- P16 · Backlog against hidden backlog. The gap is the share of the whole backlog that nobody works on or that no list has.
select
    {{ pair_columns(
        'P16',
        cohort='coalesce(whole_count, 0)',
        reported=['open_count', none],
        headline=['worked_on_count', none],
        reality=['hidden_count', none],
        gap_count='hidden_count',
        window_days=none
    ) }}
from {{ ref('demand_and_backlog') }}
where entered_count is not null
