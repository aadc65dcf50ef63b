-- Grain: one state of an agent, or one shift, with its beginning and end: time that is counted by day. A state that the
-- tool never ended lasts until the agent's next; the last one is still going on and cannot be measured yet.
with

states as (

    {{ union_systems('agent_states') }}

),

shifts as (

    {{ union_systems('shifts') }}

),

kinds as (

    select * from {{ ref('agent_state_kinds') }}

),

known_ends as (

    select
        *,
        case when {{ at_as_of('ended_at', 'ended_at') }} >= started_at then ended_at end as known_ended_at,
        lead(started_at) over (
            partition by source_system, agent_key order by started_at, {{ text_order('state') }}
        ) as next_started_at
    from states

),

times as (

    select
        known_ends.source_system,
        known_ends.agent_key,
        'state' as time_type,
        -- a word that is not listed is time logged in all the same
        coalesce(kinds.kind, 'other') as kind,
        known_ends.state is null or kinds.kind is null as is_unlisted,
        known_ends.started_at,
        coalesce(known_ends.known_ended_at, known_ends.next_started_at) as ended_at,
        cast(null as bigint) as paid_seconds
    from known_ends
    left join kinds
        on
            known_ends.source_system = kinds.source_system
            and {{ lowered(trimmed('known_ends.state')) }} = kinds.source_state
    union all
    select
        source_system,
        agent_key,
        'shift' as time_type,
        cast(null as varchar) as kind,
        false as is_unlisted,
        shift_started_at as started_at,
        case when shift_ended_at > shift_started_at then shift_ended_at end as ended_at,
        case when paid_minutes >= 0 then 60 * paid_minutes end as paid_seconds
    from shifts

),

final as (

    select
        *,
        {{ seconds_between('started_at', 'ended_at') }} as duration_seconds
    from times

)

select * from final
