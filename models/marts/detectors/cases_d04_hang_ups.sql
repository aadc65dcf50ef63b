-- Grain: one answered inbound call as it came from the queue. Marked: over within seconds, and the agent ended it. What was passed on
-- is not here: a transfer that fails is nobody's hang-up.
with

legs as (

    select
        *,
        coalesce(answered_at, started_at) as handled_from,
        coalesce(
            talk_seconds + coalesce(hold_seconds, 0), {{ seconds_between('answered_at', 'ended_at') }}
        ) as spoken_seconds
    from {{ ref('fct_contact_legs') }}
    where is_answered and direction = 'inbound' and channel = 'voice' and leg_position = 1 and transfer_type is null

),

judged as (

    select
        *,
        spoken_seconds < {{ var('short_contact_seconds') }} as is_short,
        {{ lowered('disconnected_by') }} = 'agent' as is_ended_by_agent
    from legs
    where spoken_seconds is not null and team_id is not null

),

final as (

    select
        {{ case_columns('D04', 'handled_from', 'is_short and is_ended_by_agent', contact_key='contact_key',
            agent_key='agent_key') }},
        coalesce(queue, '') as queue,
        cast(date_trunc('hour', handled_from) as timestamp) as hour_start,
        is_short,
        -- null: not recorded
        is_ended_by_agent
    from judged

)

select * from final
