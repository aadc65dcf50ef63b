-- Grain: one ticket x one metric of the policy in force when its clock stopped. What a clock reads so far depends on
-- as_of; here is what does not: of a stopped clock everything, of an open one what it had counted at the last change of
-- status.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

clocks as (

    select
        stops.ticket_key || '#' || policies.metric as clock_id,
        stops.ticket_key,
        stops.source_system,
        stops.ticket_id,
        policies.policy_key,
        policies.policy_id,
        policies.metric,
        policies.metric_rank,
        stops.stopped_by,
        policies.calendar_id,
        policies.calendar_key,
        policies.is_around_the_clock,
        stops.priority,
        policies.target_seconds,
        stops.started_at,
        stops.stopped_at,
        stops.unmeasured_reason
    from {{ ref('int_ticket_stops') }} as stops
    inner join {{ ref('int_sla_policies') }} as policies
        on
            stops.policy_key = policies.policy_key
            and stops.stopped_by = policies.stopped_by
    where {{ is_touched('stops.ticket_key') }}

),

-- half-open: the status into which the ticket went at the stop is no part of it
parts as (

    select
        clocks.clock_id,
        clocks.calendar_key,
        statuses.started_at,
        least(statuses.ended_at, clocks.stopped_at) as ended_at,
        pauses.status is not null as is_paused
    from clocks
    inner join {{ ref('int_ticket_field_values') }} as statuses
        on
            clocks.ticket_key = statuses.ticket_key
            and statuses.field = 'status'
            and (clocks.stopped_at is null or statuses.started_at < clocks.stopped_at)
    left join {{ ref('int_sla_pauses') }} as pauses
        on
            clocks.policy_key = pauses.policy_key
            and clocks.metric = pauses.metric
            and statuses.value = pauses.status
    where clocks.unmeasured_reason is null

),

measured as (

    select
        parts.clock_id,
        parts.is_paused,
        parts.started_at,
        parts.ended_at,
        {{ seconds_between('parts.started_at', 'parts.ended_at') }} as elapsed_seconds,
        ends.open_seconds_before - begins.open_seconds_before as business_seconds
    from parts
    left join {{ ref('int_business_seconds') }} as begins
        on
            parts.calendar_key = begins.calendar_key
            and parts.started_at = begins.instant
    left join {{ ref('int_business_seconds') }} as ends
        on
            parts.calendar_key = ends.calendar_key
            and parts.ended_at = ends.instant

),

summed as (

    select
        clock_id,
        cast(coalesce(sum(case when is_paused then elapsed_seconds end), 0) as bigint) as paused_elapsed_seconds,
        cast(coalesce(sum(case when not is_paused then elapsed_seconds end), 0) as bigint) as running_elapsed_seconds,
        cast(coalesce(sum(case when is_paused then business_seconds end), 0) as bigint) as business_paused_seconds,
        cast(coalesce(sum(case when not is_paused then business_seconds end), 0) as bigint)
            as business_running_seconds,
        -- an open clock's last part has no end
        max(case when ended_at is null and not is_paused then started_at end) as running_since
    from measured
    group by clock_id

),

-- a ticket resolved as it was created has no part
read as (

    select
        clocks.*,
        coalesce(summed.paused_elapsed_seconds, 0) as paused_elapsed_seconds,
        coalesce(summed.running_elapsed_seconds, 0) as running_elapsed_seconds,
        case when clocks.calendar_key is not null then coalesce(summed.business_paused_seconds, 0) end
            as business_paused_seconds,
        case when clocks.calendar_key is not null then coalesce(summed.business_running_seconds, 0) end
            as business_running_seconds,
        summed.running_since
    from clocks
    left join summed
        on clocks.clock_id = summed.clock_id

),

counted as (

    select
        read.*,
        case
            when is_around_the_clock then running_elapsed_seconds
            else business_running_seconds
        end as counted_so_far_seconds,
        begins.open_seconds_before as open_seconds_before_start,
        stops.open_seconds_before as open_seconds_before_stop
    from read
    left join {{ ref('int_business_seconds') }} as begins
        on
            read.calendar_key = begins.calendar_key
            and read.started_at = begins.instant
    left join {{ ref('int_business_seconds') }} as stops
        on
            read.calendar_key = stops.calendar_key
            and read.stopped_at = stops.instant

),

final as (

    select
        clock_id,
        ticket_key,
        source_system,
        ticket_id,
        policy_id,
        metric,
        metric_rank,
        stopped_by,
        calendar_id,
        calendar_key,
        is_around_the_clock,
        priority,
        target_seconds,
        started_at,
        stopped_at,

        -- a stopped clock
        case when stopped_at is not null then {{ seconds_between('started_at', 'stopped_at') }} end
            as elapsed_seconds,
        case when stopped_at is not null then running_elapsed_seconds end as running_elapsed_seconds,
        case when stopped_at is not null then paused_elapsed_seconds end as paused_elapsed_seconds,
        open_seconds_before_stop - open_seconds_before_start as business_seconds,
        case when stopped_at is not null then business_running_seconds end as business_running_seconds,
        case when stopped_at is not null then business_paused_seconds end as business_paused_seconds,
        case when stopped_at is not null then counted_so_far_seconds end as counted_seconds,
        case when stopped_at is not null then counted_so_far_seconds <= target_seconds end as is_met,

        -- an open one
        case
            when stopped_at is null and unmeasured_reason is null then counted_so_far_seconds
        end as counted_so_far_seconds,
        running_since,

        case
            when unmeasured_reason is not null then unmeasured_reason
            when calendar_id is not null and calendar_key is null then 'unknown_calendar'
            when target_seconds is null then 'no_target'
        end as unmeasured_reason
    from counted

)

select * from final
