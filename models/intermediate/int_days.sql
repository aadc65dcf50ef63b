-- Grain: one calendar day. Wider than the data by some days at each end, and up to as_of where it is pinned later: opening
-- hours are counted on local days, over midnight, and until as_of. The claims of other functions are no feed, and may be older
-- than all of them: their days are there as well.
with

moments as (

    select
        recorded_at as first_at,
        last_event_at as last_at
    from {{ ref('int_feed_records') }}
    union all
    select
        claimed_at as first_at,
        claimed_at as last_at
    from {{ ref('int_business_claims') }}

),

span as (

    -- a day more at each end: the reporting zone may cut the day elsewhere
    select
        cast(min(first_at) - interval '1' day as date) as first_day,
        cast(max(last_at) + interval '1' day as date) as last_day
    from moments

),

wider as (

    select
        first_day,
        last_day,
        cast(first_day - interval '2' day as date) as from_day,
        {% if var('as_of') is not none -%}
        -- a pin far beyond the data is brought back to them (dim_feed_coverage), so ten years are enough
        greatest(
            cast(last_day + interval '2' day as date),
            least(
                cast(cast('{{ var("as_of") }}' as timestamp) + interval '2' day as date),
                cast(last_day + interval '3660' day as date)
            )
        ) as to_day
        {%- else -%}
        cast(last_day + interval '2' day as date) as to_day
        {%- endif %}
    from span

),

digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)

),

numbers as (

    select
        ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit + 10000 * ten_thousands.digit
            as day_offset
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands

),

final as (

    select
        cast(wider.from_day + numbers.day_offset * interval '1' day as date) as date_day,
        wider.from_day + numbers.day_offset * interval '1' day between wider.first_day and wider.last_day
            as is_in_data
    from wider
    inner join numbers
        on wider.from_day + numbers.day_offset * interval '1' day <= wider.to_day

)

select * from final
