-- Split at midnight nothing is lost: of each agent the seconds of all days are those of the states, and the paid seconds
-- of the parts those of the shifts.
with

times as (

    select
        source_system,
        agent_key,
        time_type,
        sum(case when time_type = 'state' then duration_seconds else paid_seconds end) as seconds
    from {{ ref('int_agent_times') }}
    group by source_system, agent_key, time_type

),

states as (

    select
        source_system,
        agent_key,
        'state' as time_type,
        sum(logged_in_seconds + offline_seconds) as seconds
    from {{ ref('fct_agent_days') }}
    group by source_system, agent_key

),

shifts as (

    select
        source_system,
        agent_key,
        'shift' as time_type,
        sum(paid_seconds) as seconds
    from {{ ref('int_agent_day_parts') }}
    where time_type = 'shift'
    group by source_system, agent_key

),

days as (

    select * from states
    union all
    select * from shifts

)

select
    times.seconds as seconds_of_times,
    days.seconds as seconds_of_days,
    coalesce(times.source_system, days.source_system) as source_system,
    coalesce(times.time_type, days.time_type) as time_type
from times
full outer join days
    on
        times.source_system = days.source_system
        and times.agent_key = days.agent_key
        and times.time_type = days.time_type
where coalesce(times.seconds, 0) <> coalesce(days.seconds, 0)
