-- Grain: one calendar day, from the first to the last day on which anything happened. No gaps: a quiet day is a row.
with

span as (

    -- a day more at each end: the reporting zone may cut the day elsewhere
    select
        cast(min(recorded_at) - interval '1' day as date) as first_day,
        cast(max(last_event_at) + interval '1' day as date) as last_day
    from {{ ref('int_feed_records') }}

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

days as (

    select cast(span.first_day + numbers.day_offset * interval '1' day as date) as date_day
    from span
    inner join numbers
        on span.first_day + numbers.day_offset * interval '1' day <= span.last_day

),

final as (

    select
        date_day,
        cast(date_trunc('week', date_day) as date) as week_start,
        cast(date_trunc('month', date_day) as date) as month_start
    from days

)

select * from final
