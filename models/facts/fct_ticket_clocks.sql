-- Grain: one clock: a ticket x a metric of its policy.
-- An open clock says nothing but whether its target has passed by as_of: what it reads would be another figure tomorrow.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

clocks as (

    select * from {{ ref('int_ticket_clocks') }}
    where {{ is_touched('ticket_key') }}

),

-- one row, whatever is there
cut_off as (

    select max(as_of) as as_of from {{ ref('dim_feed_coverage') }}

),

open_by_cut_off as (

    select
        periods.calendar_key,
        sum({{ seconds_between('periods.opens_at', 'least(periods.closes_at, cut_off.as_of)') }}) as open_seconds
    from {{ ref('int_calendar_periods') }} as periods
    inner join cut_off
        on periods.opens_at < cut_off.as_of
    group by periods.calendar_key

),

read as (

    select
        clocks.*,
        clocks.counted_so_far_seconds + case
            when clocks.running_since is null then 0
            when clocks.is_around_the_clock then {{ seconds_between('clocks.running_since', 'cut_off.as_of') }}
            else coalesce(open_by_cut_off.open_seconds, 0) - begins.open_seconds_before
        end as counted_by_cut_off_seconds
    from clocks
    cross join cut_off
    left join open_by_cut_off
        on clocks.calendar_key = open_by_cut_off.calendar_key
    left join {{ ref('int_business_seconds') }} as begins
        on
            clocks.calendar_key = begins.calendar_key
            and clocks.running_since = begins.instant

),

final as (

    select
        -- grain
        clock_id,
        ticket_key,
        source_system,
        ticket_id,
        metric,

        -- the rule
        policy_id,
        priority,
        nullif(stopped_by, 'none') as stopped_by,
        target_seconds,
        calendar_id,
        is_around_the_clock,

        -- the clock
        started_at,
        stopped_at,
        elapsed_seconds,
        running_elapsed_seconds,
        paused_elapsed_seconds,
        business_seconds,
        business_running_seconds,
        business_paused_seconds,
        counted_seconds,

        -- the target
        case
            when stopped_at is not null then is_met
            when counted_by_cut_off_seconds > target_seconds then false
        end as is_met,
        coalesce(is_met, false) as is_claimed,
        unmeasured_reason
    from read

)

select * from final
