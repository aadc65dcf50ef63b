-- P12 · Cost per ticket against its cost with the time that users say they lost: a scenario, at the price of an hour that
-- is declared, else of the desk's own. Of the cohort, those whose survey says how many minutes.
select
    {{ pair_columns(
        'P12',
        cohort='response_count',
        reported=['cost_amount', 'first_claim_count'],
        headline=['judged_cost_amount', 'judged_claim_count'],
        reality=['judged_cost_amount + lost_time_amount', 'judged_claim_count'],
        gap='lost_time_share',
        gap_low='lost_time_share_low',
        gap_high='lost_time_share_high',
        window_days=none
    ) }}
from {{ ref('cost_to_resolve') }}
where is_main_currency
