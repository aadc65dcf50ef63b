-- P11 · Cost per ticket against cost per lasting resolution, in the currency in which most is booked. Of the tickets whose
-- return can be judged: the same costs over all of them, and over what lasted.
select
    {{ pair_columns(
        'P11',
        cohort='cohort_count',
        reported=['cost_amount', 'first_claim_count'],
        headline=['judged_cost_amount', 'cohort_count'],
        reality=['judged_cost_amount', 'lasting_chain_count'],
        gap='lasting_premium',
        gap_low='lasting_premium_low',
        gap_high='lasting_premium_high'
    ) }}
from {{ ref('cost_to_resolve') }}
where is_main_currency
