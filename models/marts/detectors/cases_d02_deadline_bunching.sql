-- Grain: one ticket that an agent resolved when its deadline was near. Marked: in the last moments, which are a hundredth of
-- the time allowed, but at least 20 minutes and at most a fifteenth. The others were resolved in the stretch before, six times as long,
-- which begins when four fifths of the time have passed at the earliest.
with

clocks as (

    select
        ticket_key,
        source_system,
        stopped_at,
        target_seconds,
        target_seconds - counted_seconds as left_seconds,
        least(
            greatest(1200, {{ integer_division('target_seconds', 100) }}), {{ integer_division('target_seconds', 15) }}
        ) as last_seconds
    from {{ ref('fct_ticket_clocks') }}
    where
        metric = 'resolution'
        and stopped_by = 'first_resolution'
        and target_seconds >= 900
        and counted_seconds is not null

),

stretches as (

    select
        *,
        least(6 * last_seconds, {{ integer_division('target_seconds', 5) }} - last_seconds) as before_seconds
    from clocks

),

-- Tickets that come in while a desk is shut share one deadline, to the second, and often it is the hour at which people go home
near as (

    select
        *,
        stopped_at + left_seconds * interval '1' second as due_at
    from stretches
    where left_seconds >= 0 and left_seconds < last_seconds + before_seconds

),

resolved as (

    select
        near.ticket_key,
        near.source_system,
        near.stopped_at,
        near.left_seconds < near.last_seconds as is_last,
        near.last_seconds,
        near.before_seconds
    from near
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on
            near.ticket_key = episodes.ticket_key
            and episodes.episode_number = 1
            and episodes.closure_mode = 'confirmed'
            and episodes.resolved_by in ('agent', 'unknown')
    where
        not (
            extract(second from near.due_at) = 0
            and mod(cast(extract(minute from near.due_at) as integer), 15) = 0
        )

),

{{ hands_at('resolved', 'ticket_key', 'stopped_at') }},

final as (

    select
        {{ case_columns('D02', 'stopped_at', 'is_last', ticket_key='ticket_key', agent_key='agent_key') }},
        {{ quotient('last_seconds', 'last_seconds + before_seconds') }} as chance,
        {{ quotient('last_seconds', 'before_seconds') }} as odds
    from hands

)

select * from final
