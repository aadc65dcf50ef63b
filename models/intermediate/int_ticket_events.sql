-- Grain: one change of one field of a ticket, in the order in which things happened.
-- The tool's sequence decides where every event of the ticket has one; minutes alone would swap a resolution and
-- the reopening after it.
-- cost: three orders of all events (steps, fields, events), each needed by another column.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

unioned as (

    {{ union_systems('ticket_events', touched='ticket_id') }}

),

without_sequence as (

    select distinct
        source_system,
        ticket_id
    from unioned
    where event_sequence is null

),

keyed as (

    select
        unioned.source_system || ':' || unioned.ticket_id as ticket_key,
        unioned.source_system,
        unioned.event_id,
        case when without_sequence.ticket_id is null then unioned.event_sequence end as event_sequence,
        unioned.event_at,
        {{ lowered('unioned.field') }} as field,
        unioned.old_value,
        unioned.new_value,
        unioned.actor_key,
        {{ lowered('unioned.actor_type') }} as actor_type
    from unioned
    left join without_sequence
        on
            unioned.source_system = without_sequence.source_system
            and unioned.ticket_id = without_sequence.ticket_id

),

ordered as (

    select
        *,
        row_number() over (
            partition by ticket_key order by event_sequence, event_at, {{ text_order('event_id') }}
        ) as event_number,
        -- changes made in one go share a step: the values in force at an event are those after its step
        dense_rank() over (partition by ticket_key order by event_sequence, event_at) as event_step,
        row_number() over (
            partition by ticket_key, field order by event_sequence, event_at, {{ text_order('event_id') }}
        ) as field_version,
        coalesce(
            lag(new_value) over (
                partition by ticket_key, field order by event_sequence, event_at, {{ text_order('event_id') }}
            ),
            old_value
        ) as value_before
    from keyed

),

final as (

    select
        *,
        -- how many changes of the field are in force at this event (same step included): the field_version to join
        count(case when field = 'category' then 1 end) over (
            partition by ticket_key order by event_step
        ) as category_version,
        count(case when field = 'subcategory' then 1 end) over (
            partition by ticket_key order by event_step
        ) as subcategory_version,
        count(case when field = 'team' then 1 end) over (
            partition by ticket_key order by event_step
        ) as team_version,
        -- a tool that logs net -> net has changed nothing
        count(case when field in ('category', 'subcategory') and new_value is distinct from value_before then 1 end)
            over (partition by ticket_key order by event_step) as category_changes
    from ordered

)

select * from final
