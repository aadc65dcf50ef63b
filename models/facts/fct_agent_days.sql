-- Grain: one agent and day of the reporting zone. Agents are never compared with it: it is the ground under process figures,
-- and stays out of what is published.
{% set zone = var('reporting_time_zone') %}
{% set kinds = ['on_queue', 'after_call', 'back_office', 'research', 'break', 'training', 'other', 'offline'] %}

with

parts as (

    select * from {{ ref('int_agent_day_parts') }}

),

legs as (

    select
        source_system,
        agent_key,
        cast({{ local_time('started_at', zone) }} as date) as day_on,
        talk_seconds,
        hold_seconds,
        wrap_seconds,
        handle_seconds
    from {{ ref('int_contact_legs') }}
    where is_answered and agent_key is not null

),

cut_off as (

    select cast({{ local_time('max(as_of)', zone) }} as date) as last_day
    from {{ ref('dim_feed_coverage') }}

),

shift_days as (

    select
        source_system,
        agent_key,
        day_on,
        -- a day of which a part is not known is not known
        case when count(*) = count(paid_seconds) then cast(sum(paid_seconds) as bigint) end as paid_seconds
    from parts
    where time_type = 'shift'
    group by source_system, agent_key, day_on

),

state_days as (

    select
        source_system,
        agent_key,
        day_on,
        cast(sum(case when kind <> 'offline' then seconds else 0 end) as bigint) as logged_in_seconds,
        {%- for kind in kinds %}
        cast(sum(case when kind = '{{ kind }}' then seconds else 0 end) as bigint)
            as {{ kind }}_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from parts
    where time_type = 'state'
    group by source_system, agent_key, day_on

),

leg_days as (

    select
        source_system,
        agent_key,
        day_on,
        count(*) as answered_leg_count,
        cast(sum(talk_seconds) as bigint) as talk_seconds,
        cast(sum(hold_seconds) as bigint) as hold_seconds,
        cast(sum(wrap_seconds) as bigint) as wrap_seconds,
        cast(sum(handle_seconds) as bigint) as handle_seconds
    from legs
    group by source_system, agent_key, day_on

),

agent_days as (

    select
        source_system,
        agent_key,
        day_on
    from parts
    union
    select
        source_system,
        agent_key,
        day_on
    from legs

),

final as (

    select
        agent_days.source_system,
        agent_days.agent_key,
        agent_days.day_on,
        shift_days.paid_seconds,
        state_days.logged_in_seconds,
        state_days.on_queue_seconds,
        state_days.after_call_seconds,
        state_days.back_office_seconds,
        state_days.research_seconds,
        state_days.break_seconds,
        state_days.training_seconds,
        state_days.other_seconds,
        state_days.offline_seconds,
        coalesce(leg_days.answered_leg_count, 0) as answered_leg_count,
        leg_days.talk_seconds,
        leg_days.hold_seconds,
        leg_days.wrap_seconds,
        leg_days.handle_seconds
    from agent_days
    cross join cut_off
    {%- for part in ['shift_days', 'state_days', 'leg_days'] %}
    left join {{ part }}
        on
            agent_days.source_system = {{ part }}.source_system
            and agent_days.agent_key = {{ part }}.agent_key
            and agent_days.day_on = {{ part }}.day_on
    {%- endfor %}
    -- a roster for days to come is a plan
    where
        agent_days.day_on <= cut_off.last_day
        or cut_off.last_day is null
        or state_days.day_on is not null
        or leg_days.day_on is not null

)

select * from final
