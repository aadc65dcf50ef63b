-- Grain: one interval in which a field of a ticket had one value.
-- What still goes on has no length: it would be another one tomorrow, and a cap would hide the longest.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

field_values as (

    select * from {{ ref('int_ticket_field_values') }}
    where field <> 'sla_policy' and {{ is_touched('ticket_key') }}

),

final as (

    select
        field_values.ticket_key,
        field_values.source_system,
        field_values.ticket_id,
        field_values.field,
        cast(field_values.value_number as integer) as interval_number,
        case when field_values.field <> 'assignee' then field_values.value end as value,
        case when field_values.field = 'assignee' then field_values.value end as assignee_key,
        field_values.started_at,
        field_values.ended_at,
        {{ seconds_between('field_values.started_at', 'field_values.ended_at') }} as elapsed_seconds,
        calendars.calendar_id,
        ends.open_seconds_before - begins.open_seconds_before as business_seconds
    from field_values
    left join {{ ref('int_ticket_calendars') }} as calendars
        on field_values.ticket_key = calendars.ticket_key
    left join {{ ref('int_business_seconds') }} as begins
        on
            calendars.calendar_key = begins.calendar_key
            and field_values.started_at = begins.instant
    left join {{ ref('int_business_seconds') }} as ends
        on
            calendars.calendar_key = ends.calendar_key
            and field_values.ended_at = ends.instant

)

select * from final
