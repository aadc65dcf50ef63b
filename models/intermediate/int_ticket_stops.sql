-- Grain: one ticket with a policy x what can stop a clock: when it did, and the policy and priority in force then. Where
-- nothing did, those in force now.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

field_values as (

    select * from {{ ref('int_ticket_field_values') }}
    where field in ('sla_policy', 'priority') and {{ is_touched('ticket_key') }}

),

with_policy as (

    select distinct ticket_key
    from field_values
    where field = 'sla_policy' and value is not null

),

tickets as (

    select
        tickets.ticket_key,
        tickets.source_system,
        tickets.ticket_id,
        tickets.created_at
    from {{ ref('int_tickets') }} as tickets
    inner join with_policy
        on tickets.ticket_key = with_policy.ticket_key

),

last_statuses as (

    select
        ticket_key,
        value as status
    from {{ ref('int_ticket_field_values') }}
    where field = 'status' and ended_at is null and {{ is_touched('ticket_key') }}

),

-- the first claim: leavings that are collapsed later do not move it
entries as (

    select
        ticket_key,
        event_at,
        event_step,
        row_number() over (partition by ticket_key order by event_number) as entry_number
    from {{ ref('int_resolution_moves') }}
    where move_kind = 'entry' and {{ is_touched('ticket_key') }}

),

messages as (

    select * from {{ ref('int_ticket_messages') }}
    where {{ is_touched('ticket_key') }}

),

systems_with_messages as (

    select distinct source_system from {{ ref('int_ticket_messages') }}

),

-- what an agent wrote in the second of the creation is the ticket's own text
replies as (

    select
        tickets.ticket_key,
        min(messages.sent_at) as replied_at
    from tickets
    inner join messages
        on
            tickets.ticket_key = messages.ticket_key
            and messages.is_public_agent_reply
            and messages.sent_at > tickets.created_at
    group by tickets.ticket_key

),

stops as (

    select
        tickets.*,
        'first_resolution' as stopped_by,
        entries.event_at as stopped_at,
        entries.event_step as stop_step,
        case
            when entries.ticket_key is not null then null
            when last_statuses.status in ('resolved', 'solved', 'closed') then 'resolved_without_event'
            when last_statuses.status = 'cancelled' then 'cancelled'
        end as unmeasured_reason
    from tickets
    left join entries
        on
            tickets.ticket_key = entries.ticket_key
            and entries.entry_number = 1
    left join last_statuses
        on tickets.ticket_key = last_statuses.ticket_key
    union all
    select
        tickets.*,
        'first_reply' as stopped_by,
        replies.replied_at as stopped_at,
        cast(null as bigint) as stop_step,
        case
            when replies.ticket_key is not null then null
            when systems_with_messages.source_system is null then 'no_messages'
            -- somebody was told, by telephone perhaps
            when last_statuses.status in ('resolved', 'solved', 'closed') then 'resolved_without_reply'
            when last_statuses.status = 'cancelled' then 'cancelled'
        end as unmeasured_reason
    from tickets
    left join replies
        on tickets.ticket_key = replies.ticket_key
    left join systems_with_messages
        on tickets.source_system = systems_with_messages.source_system
    left join last_statuses
        on tickets.ticket_key = last_statuses.ticket_key
    union all
    select
        tickets.*,
        'none' as stopped_by,
        cast(null as timestamp) as stopped_at,
        cast(null as bigint) as stop_step,
        'metric_not_measured' as unmeasured_reason
    from tickets

),

-- a resolution has a place in the sequence, and what changed in its own step is in force; a reply has a time only
in_force as (

    select
        stops.ticket_key,
        stops.stopped_by,
        field_values.field,
        max(field_values.value_number) as value_number
    from stops
    inner join field_values
        on
            stops.ticket_key = field_values.ticket_key
            and case
                when stops.stop_step is not null then field_values.event_step <= stops.stop_step
                when stops.stopped_at is not null then field_values.started_at <= stops.stopped_at
                else true
            end
    group by stops.ticket_key, stops.stopped_by, field_values.field

),

in_force_values as (

    select
        in_force.ticket_key,
        in_force.stopped_by,
        max(case when in_force.field = 'sla_policy' then field_values.value end) as policy_id,
        max(case when in_force.field = 'priority' then field_values.value end) as priority
    from in_force
    inner join field_values
        on
            in_force.ticket_key = field_values.ticket_key
            and in_force.field = field_values.field
            and in_force.value_number = field_values.value_number
    group by in_force.ticket_key, in_force.stopped_by

),

final as (

    select
        stops.ticket_key,
        stops.source_system,
        stops.ticket_id,
        stops.stopped_by,
        stops.created_at as started_at,
        stops.stopped_at,
        stops.unmeasured_reason,
        stops.source_system || ':' || in_force_values.policy_id as policy_key,
        in_force_values.priority
    from stops
    inner join in_force_values
        on
            stops.ticket_key = in_force_values.ticket_key
            and stops.stopped_by = in_force_values.stopped_by
    where in_force_values.policy_id is not null

)

select * from final
