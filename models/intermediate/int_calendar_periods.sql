-- Grain: one open period of one calendar, in UTC, half-open: what is open without a break is one period, over midnight
-- and over days. `open_seconds_before` makes the open seconds between two instants a difference of two numbers.
with

hours as (

    select hours.*
    from {{ ref('int_calendar_hours') }} as hours
    inner join {{ ref('int_calendars') }} as calendars
        on
            hours.calendar_key = calendars.calendar_key
            and calendars.is_readable

),

days as (

    select
        date_day,
        {{ iso_weekday_of('date_day') }} as iso_weekday
    from {{ ref('int_days') }}

),

unioned_holidays as (

    {{ union_systems('holidays') }}

),

holidays as (

    select distinct
        source_system || ':' || calendar_id as calendar_key,
        holiday_on
    from unioned_holidays

),

-- a period is of the local day on which it opens: the night after a holiday's eve is worked, the holiday's own is not
local_periods as {{ computed_once() }} (

    select
        hours.calendar_key,
        hours.time_zone,
        cast(days.date_day as timestamp) + hours.opens_second * interval '1' second as opens_local,
        cast(days.date_day as timestamp) + hours.closes_second * interval '1' second as closes_local
    from hours
    inner join days
        on hours.iso_weekday = days.iso_weekday
    left join holidays
        on
            hours.calendar_key = holidays.calendar_key
            and days.date_day = holidays.holiday_on
    where holidays.calendar_key is null

),

-- each day by its own clock: hours that the clock skips are not open, hours that it shows twice are open twice
utc_periods as {{ computed_once() }} (

    select distinct
        calendar_key,
        {{ utc_from_clock_in('opens_local', 'time_zone') }} as opens_at,
        {{ utc_from_clock_in('closes_local', 'time_zone') }} as closes_at
    from local_periods

),

followed as (

    select
        *,
        max(closes_at) over (
            partition by calendar_key order by opens_at, closes_at
            rows between unbounded preceding and 1 preceding
        ) as closed_before
    from utc_periods
    where opens_at < closes_at

),

numbered as (

    select
        *,
        sum(case when closed_before >= opens_at then 0 else 1 end) over (
            partition by calendar_key order by opens_at, closes_at
        ) as period_number
    from followed

),

merged as (

    select
        calendar_key,
        min(opens_at) as opens_at,
        max(closes_at) as closes_at
    from numbered
    group by calendar_key, period_number

),

measured as (

    select
        *,
        {{ seconds_between('opens_at', 'closes_at') }} as open_seconds
    from merged

),

final as (

    select
        calendar_key,
        opens_at,
        closes_at,
        open_seconds,
        cast(coalesce(sum(open_seconds) over (
            partition by calendar_key order by opens_at
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as open_seconds_before
    from measured

)

select * from final
