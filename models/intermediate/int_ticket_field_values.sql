-- Grain: one value of one field of a ticket, from when to when it was in force: from the creation on, without a gap.
-- The sequence decides what followed what. Where the clock runs against it, a change counts from the latest time that any
-- change before it has: no value lasts a negative time, and all fields of a ticket stay in step.
-- cost: writing a row a value; then the order of the events, and of the values of fields that change.
{{ config(materialized='incremental', incremental_strategy='by_key') }}
{%- set columns = {
    'status': 'status', 'team': 'team_id', 'assignee': 'assignee_key', 'priority': 'priority', 'category': 'category',
    'sla_policy': 'sla_policy_id',
} %}

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

statuses as (

    select * from {{ ref('ticket_statuses') }}

),

current_values as (

    {% for field, column in columns.items() -%}
    select
        ticket_key,
        source_system,
        ticket_id,
        created_at,
        '{{ field }}' as field,
        {{ 'category_at_open' if field == 'category' else 'cast(null as varchar)' }} as value_at_open,
        {{ column }} as current_value
    from tickets
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

timed as (

    select
        events.ticket_key,
        tickets.created_at,
        case when events.field = 'sla_policy_id' then 'sla_policy' else events.field end as field,
        events.event_number,
        events.event_step,
        greatest(
            tickets.created_at,
            max(events.event_at) over (partition by events.ticket_key order by events.event_number)
        ) as changed_at,
        events.old_value,
        events.new_value
    from {{ ref('int_ticket_events') }} as events
    inner join tickets
        on events.ticket_key = tickets.ticket_key
    where {{ is_touched('events.ticket_key') }}

),

changes as (

    select
        *,
        changed_at <= created_at as is_at_creation
    from timed
    where field in ('{{ columns | join("', '") }}')

),

-- some tools log the first values as events of the creation itself
at_creation as (

    select
        ticket_key,
        field,
        new_value,
        row_number() over (partition by ticket_key, field order by event_number desc) as changes_from_last
    from changes
    where is_at_creation

),

first_changes as (

    select
        ticket_key,
        field,
        old_value,
        row_number() over (partition by ticket_key, field order by event_number) as change_number
    from changes

),

later_changes as (

    select distinct
        ticket_key,
        field
    from changes
    where not is_at_creation

),

raw_values as (

    select
        current_values.ticket_key,
        current_values.field,
        cast(0 as bigint) as event_number,
        cast(0 as bigint) as event_step,
        current_values.created_at as started_at,
        case
            when current_values.value_at_open is not null then current_values.value_at_open
            when at_creation.ticket_key is not null then at_creation.new_value
            when first_changes.ticket_key is not null then first_changes.old_value
            else current_values.current_value
        end as value,
        later_changes.ticket_key is not null as is_changed
    from current_values
    left join at_creation
        on
            current_values.ticket_key = at_creation.ticket_key
            and current_values.field = at_creation.field
            and at_creation.changes_from_last = 1
    left join first_changes
        on
            current_values.ticket_key = first_changes.ticket_key
            and current_values.field = first_changes.field
            and first_changes.change_number = 1
    left join later_changes
        on
            current_values.ticket_key = later_changes.ticket_key
            and current_values.field = later_changes.field
    union all
    select
        ticket_key,
        field,
        event_number,
        event_step,
        changed_at as started_at,
        new_value as value,
        true as is_changed
    from changes
    where not is_at_creation

),

worded as (

    select
        raw_values.ticket_key,
        tickets.source_system,
        tickets.ticket_id,
        raw_values.field,
        raw_values.event_number,
        raw_values.event_step,
        raw_values.started_at,
        case
            when raw_values.field = 'status'
                then coalesce(statuses.status, {{ lowered(trimmed('raw_values.value')) }})
            else raw_values.value
        end as value,
        raw_values.is_changed
    from raw_values
    inner join tickets
        on raw_values.ticket_key = tickets.ticket_key
    left join statuses
        on
            tickets.source_system = statuses.source_system
            and case when raw_values.field = 'status' then {{ lowered(trimmed('raw_values.value')) }} end
            = statuses.source_status

),

compared as (

    select
        *,
        lag(value) over (partition by ticket_key, field order by event_number) as value_before
    from worded
    where is_changed

),

final as (

    select
        ticket_key,
        source_system,
        ticket_id,
        field,
        row_number() over (partition by ticket_key, field order by event_number) as value_number,
        value,
        started_at,
        lead(started_at) over (partition by ticket_key, field order by event_number) as ended_at,
        event_step
    from compared
    -- a tool that logs net -> net has changed nothing
    where event_number = 0 or value is distinct from value_before
    union all
    -- what never changed
    select
        ticket_key,
        source_system,
        ticket_id,
        field,
        1 as value_number,
        value,
        started_at,
        cast(null as timestamp) as ended_at,
        event_step
    from worded
    where not is_changed

)

select * from final
