-- Grain: one entry of a ticket into resolved, or one leaving of it; resolved to closed is neither.
-- Each leaving is a `toggle` (collapsed), a `reopen` (R1) or a `machine_end` (the episode ends without R1).
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

status_changes as (

    select
        *,
        lag(is_resolved_type) over (partition by ticket_key order by event_number) as was_resolved_type
    from {{ ref('int_ticket_status_changes') }}
    where {{ is_touched('ticket_key') }}

),

moves as (

    select
        *,
        case when is_resolved_type then 'entry' else 'leaving' end as move_kind,
        -- entries and leavings alternate: what follows a leaving is the return to resolved
        lead(event_at) over (partition by ticket_key order by event_number) as next_move_at,
        lead(category_changes) over (
            partition by ticket_key order by event_number
        ) as category_changes_at_next_move
    from status_changes
    where
        is_resolved_type and not coalesce(was_resolved_type, false)
        or not is_resolved_type and was_resolved_type

),

judged as (

    select
        *,
        case
            when move_kind = 'entry' then null
            when
                actor in ('system', 'automation') and next_move_at is not null
                or actor = 'agent' and {{ seconds_between('event_at', 'next_move_at') }} < 300
                then 'toggle'
            when actor in ('system', 'automation') then 'machine_end'
            else 'reopen'
        end as leaving_kind
    from moves

),

final as (

    select
        *,
        -- a toggle does not end its episode
        1 + coalesce(sum(case when leaving_kind in ('reopen', 'machine_end') then 1 else 0 end) over (
            partition by ticket_key order by event_number rows between unbounded preceding and 1 preceding
        ), 0) as episode_number
    from judged

)

select * from final
