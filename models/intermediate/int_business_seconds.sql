-- Grain: one calendar x one instant at which something of a ticket began or stopped: the open seconds of the calendar
-- before it. Business seconds between two instants are the difference.
-- Periods and instants stand in one line, ordered in time, so that one pass finds the last period before each instant.
with

stops as (

    select
        stops.ticket_key,
        stops.stopped_at,
        policies.calendar_key
    from {{ ref('int_ticket_stops') }} as stops
    inner join {{ ref('int_sla_policies') }} as policies
        on
            stops.policy_key = policies.policy_key
            and stops.stopped_by = policies.stopped_by
    where policies.calendar_key is not null

),

tickets as (

    select
        ticket_key,
        calendar_key
    from stops
    union
    select
        ticket_key,
        calendar_key
    from {{ ref('int_ticket_calendars') }}
    where calendar_key is not null

),

instants as (

    select
        tickets.calendar_key,
        field_values.started_at as instant
    from tickets
    inner join {{ ref('int_ticket_field_values') }} as field_values
        on tickets.ticket_key = field_values.ticket_key
    union
    select
        calendar_key,
        stopped_at as instant
    from stops
    where stopped_at is not null

),

timeline as (

    select
        calendar_key,
        instant as happened_at,
        true as is_instant,
        cast(null as timestamp) as opens_at,
        cast(null as bigint) as open_seconds,
        cast(null as bigint) as open_seconds_before
    from instants
    union all
    select
        calendar_key,
        opens_at as happened_at,
        false as is_instant,
        opens_at,
        open_seconds,
        open_seconds_before
    from {{ ref('int_calendar_periods') }}

),

placed as (

    select
        calendar_key,
        happened_at,
        is_instant,
        -- each grows from period to period: the greatest so far is the last period's
        max(opens_at) over (partition by calendar_key order by happened_at) as opens_at,
        max(open_seconds_before) over (partition by calendar_key order by happened_at) as open_seconds_before,
        max(open_seconds_before + open_seconds) over (
            partition by calendar_key order by happened_at
        ) as open_seconds_with
    from timeline

),

final as (

    select
        calendar_key,
        happened_at as instant,
        coalesce(least(
            open_seconds_before + {{ seconds_between('opens_at', 'happened_at') }}, open_seconds_with
        ), 0) as open_seconds_before
    from placed
    where is_instant

)

select * from final
