-- Grain: one ticket, and when it ended: at its latest resolution, if it stays resolved. An open ticket has not ended.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

episodes as (

    select
        ticket_key,
        resolved_at,
        ended_at,
        row_number() over (partition by ticket_key order by episode_number desc) as episodes_from_last
    from {{ ref('int_resolution_episodes') }}
    where {{ is_touched('ticket_key') }}

),

status_changes as (

    select
        ticket_key,
        status,
        event_at,
        row_number() over (partition by ticket_key order by event_number desc) as changes_from_last
    from {{ ref('int_ticket_status_changes') }}
    where {{ is_touched('ticket_key') }}

),

final as (

    select
        tickets.ticket_key,
        case
            -- a system without events: what the ticket itself says, once it was so
            when status_changes.ticket_key is null and tickets.status in ('resolved', 'solved', 'closed')
                then {{ at_as_of(
                    'coalesce(tickets.tool_resolved_at, tickets.tool_closed_at, tickets.updated_at, tickets.created_at)',
                    'coalesce(tickets.tool_resolved_at, tickets.tool_closed_at, tickets.updated_at, tickets.created_at)'
                ) }}
            when status_changes.ticket_key is null and tickets.status = 'cancelled'
                then {{ at_as_of(
                    'coalesce(tickets.updated_at, tickets.created_at)',
                    'coalesce(tickets.updated_at, tickets.created_at)'
                ) }}
            -- nobody works on it any more
            when status_changes.status = 'cancelled' then status_changes.event_at
            when episodes.ended_at is null then episodes.resolved_at
        end as ended_at
    from tickets
    left join status_changes
        on
            tickets.ticket_key = status_changes.ticket_key
            and status_changes.changes_from_last = 1
    left join episodes
        on
            tickets.ticket_key = episodes.ticket_key
            and episodes.episodes_from_last = 1

)

select * from final
