-- Grain: one ticket: what its events say beside what the tool says. The tool's own columns are compared here and read
-- nowhere else.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

status_changes as (

    select
        ticket_key,
        status,
        row_number() over (partition by ticket_key order by event_number desc) as changes_from_last
    from {{ ref('int_ticket_status_changes') }}
    where {{ is_touched('ticket_key') }}

),

moves as (

    select
        ticket_key,
        max(case when move_kind = 'entry' then event_number end) as last_entry_number,
        {{ count_where("move_kind = 'entry'") }} as resolution_count,
        {{ count_where("move_kind = 'leaving'") }} as moves_back_to_open_count,
        {{ count_where("leaving_kind = 'reopen'") }} as reopen_count,
        {{ count_where("leaving_kind = 'toggle'") }} as toggle_count,
        {{ count_where("leaving_kind = 'machine_end'") }} as machine_end_count
    from {{ ref('int_resolution_moves') }}
    where {{ is_touched('ticket_key') }}
    group by ticket_key

),

last_entries as (

    select
        moves.ticket_key,
        entries.event_at as last_resolved_at
    from moves
    inner join {{ ref('int_resolution_moves') }} as entries
        on
            moves.ticket_key = entries.ticket_key
            and moves.last_entry_number = entries.event_number

),

final as (

    select
        tickets.ticket_key,
        tickets.source_system,
        tickets.ticket_id,
        tickets.created_at,
        tickets.status as tool_status,
        status_changes.status as last_event_status,
        coalesce(moves.resolution_count, 0) as resolution_count,
        coalesce(moves.moves_back_to_open_count, 0) as moves_back_to_open_count,
        coalesce(moves.reopen_count, 0) as reopen_count,
        coalesce(moves.toggle_count, 0) as toggle_count,
        coalesce(moves.machine_end_count, 0) as machine_end_count,
        tickets.tool_reopen_count,
        last_entries.last_resolved_at,
        tickets.tool_resolved_at,
        {{ seconds_between('tickets.tool_resolved_at', 'last_entries.last_resolved_at') }}
            as seconds_from_tool_resolved_at,
        tickets.tool_closed_at
    from tickets
    left join status_changes
        on
            tickets.ticket_key = status_changes.ticket_key
            and status_changes.changes_from_last = 1
    left join moves
        on tickets.ticket_key = moves.ticket_key
    left join last_entries
        on tickets.ticket_key = last_entries.ticket_key

)

select * from final
