-- Grain: one change of a ticket's status, in canonical words, with who made it.
-- A transition that a machine makes within 10 minutes after the customer wrote is the customer's: the bot only
-- carries the reply out.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

events as (

    select * from {{ ref('int_ticket_events') }}
    where field = 'status' and {{ is_touched('ticket_key') }}

),

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

statuses as (

    select * from {{ ref('ticket_statuses') }}

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

system_actors as (

    select
        seeded.source_system,
        seeded.kind,
        {{ person_key('seeded.actor_id', 'seeded.source_system', 'salt.salt') }} as actor_key
    from {{ ref('system_actors') }} as seeded
    cross join salt

),

named as (

    select
        events.ticket_key,
        events.source_system,
        events.event_number,
        events.event_step,
        events.event_at,
        coalesce(statuses.status, {{ lowered(trimmed('events.new_value')) }}) as status,
        events.category_version,
        events.subcategory_version,
        events.team_version,
        events.category_changes,
        case
            when system_actors.kind = 'monitor' then 'monitor'
            when
                tickets.is_machine_made
                and (
                    {{ resolved_customer('events.actor_key') }} = tickets.customer_key
                    or events.actor_type = 'requester'
                )
                then 'monitor'
            when system_actors.kind is not null then system_actors.kind
            when events.actor_type in ('agent', 'requester', 'system', 'automation') then events.actor_type
            when {{ resolved_customer('events.actor_key') }} = tickets.customer_key then 'requester'
            else 'unknown'
        end as named_actor
    from events
    inner join tickets
        on events.ticket_key = tickets.ticket_key
    left join statuses
        on
            events.source_system = statuses.source_system
            and {{ lowered(trimmed('events.new_value')) }} = statuses.source_status
    left join system_actors
        on
            events.source_system = system_actors.source_system
            and events.actor_key = system_actors.actor_key
    left join identities
        on events.actor_key = identities.identifier_key

),

-- the customer's messages run along the status changes, so that one pass finds the last one before each change
timeline as (

    select
        ticket_key,
        event_number,
        event_at as happened_at,
        cast(null as timestamp) as message_at
    from named
    union all
    select
        ticket_key,
        cast(null as bigint) as event_number,
        sent_at as happened_at,
        sent_at as message_at
    from {{ ref('int_ticket_messages') }}
    where is_from_customer and {{ is_touched('ticket_key') }}

),

last_messages as (

    select
        ticket_key,
        event_number,
        -- peers are in the frame: a message of the same second was written before the machine acted on it
        max(message_at) over (partition by ticket_key order by happened_at) as last_customer_message_at
    from timeline

),

final as (

    select
        named.ticket_key,
        named.source_system,
        named.event_number,
        named.event_step,
        named.event_at,
        named.status,
        named.status in ('resolved', 'solved', 'closed') as is_resolved_type,
        named.category_version,
        named.subcategory_version,
        named.team_version,
        named.category_changes,
        case
            when
                named.named_actor in ('system', 'automation')
                and {{ seconds_between('last_messages.last_customer_message_at', 'named.event_at') }} <= 600
                then 'requester'
            else named.named_actor
        end as actor
    from named
    inner join last_messages
        on
            named.ticket_key = last_messages.ticket_key
            and named.event_number = last_messages.event_number

)

select * from final
