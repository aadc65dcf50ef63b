-- P10 · First response against first useful response. The gap is the share of tickets whose first public reply was a
-- machine's, or left the customer asking again within the hour. Where half of the tickets still wait for something useful,
-- there is no median to show.
select
    {{ pair_columns(
        'P10',
        cohort='case when customer_seconds_p50 is not null then cohort_count else 0 end',
        reported=['first_public_seconds_p50', none],
        headline=['case when customer_seconds_p50 is not null then first_public_seconds_p50 end', none],
        reality=['customer_seconds_p50', none],
        gap_count='cohort_count - useful_public_count',
        window_days=none
    ) }}
from {{ ref('service_levels') }}
where metric = 'first_reply'
