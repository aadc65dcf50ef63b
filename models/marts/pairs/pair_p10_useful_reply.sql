-- P10 · First response against first useful response. The gap is the share of tickets whose first reply by a person left the
-- customer asking again within the hour.
select
    {{ pair_columns(
        'P10',
        cohort='cohort_count',
        reported=['first_public_seconds_p50', none],
        headline=['desk_seconds_p50', none],
        reality=['customer_seconds_p50', none],
        gap_count='cohort_count - useful_first_count',
        window_days=none
    ) }}
from {{ ref('service_levels') }}
where metric = 'first_reply'
