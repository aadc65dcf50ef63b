-- Mart = fact, per month: what is shown of the total are all agents' days, and what is shown of teams is no more.
with

fact as (

    select
        agent_days.source_system,
        dates.month_start,
        count(*) as agent_day_count,
        cast(sum(coalesce(agent_days.logged_in_seconds, 0)) as bigint) as logged_in_seconds
    from {{ ref('fct_agent_days') }} as agent_days
    inner join {{ ref('dim_dates') }} as dates
        on agent_days.day_on = dates.date_day
    group by agent_days.source_system, dates.month_start

),

mart as (

    select
        source_system,
        period_start,
        max(case when unit_type = 'total' and is_suppressed then 1 else 0 end) as is_suppressed,
        sum(case when unit_type = 'total' then agent_day_count end) as agent_day_count,
        sum(case when unit_type = 'total' then logged_in_seconds end) as logged_in_seconds,
        sum(case when unit_type = 'team' then agent_day_count else 0 end) as team_day_count
    from {{ ref('team_experience') }}
    group by source_system, period_start

)

select
    fact.*,
    mart.agent_day_count as mart_agent_day_count,
    mart.team_day_count
from fact
left join mart
    on
        fact.source_system = mart.source_system
        and fact.month_start = mart.period_start
where
    mart.period_start is null
    or (mart.is_suppressed = 0 and fact.agent_day_count is distinct from mart.agent_day_count)
    or (mart.is_suppressed = 0 and fact.logged_in_seconds is distinct from mart.logged_in_seconds)
    or mart.team_day_count > fact.agent_day_count
