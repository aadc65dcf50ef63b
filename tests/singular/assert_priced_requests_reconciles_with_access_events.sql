-- Mart = fact: in each month that is shown, the total and the accounts together have the directory's lockouts and users.
with

fact as (

    select
        events.source_system,
        dates.month_start,
        coalesce(sum(events.lockouts), 0) as lockout_count,
        coalesce(sum(events.users), 0) as user_days
    from {{ ref('fct_access_events') }} as events
    inner join {{ ref('dim_dates') }} as dates
        on events.day_on = dates.date_day
    group by events.source_system, dates.month_start

),

mart as (

    select
        source_system,
        period_start,
        unit_type,
        coalesce(sum(lockout_count), 0) as mart_lockout_count,
        coalesce(sum(user_days), 0) as mart_user_days
    from {{ ref('priced_requests') }}
    where period_type = 'month'
    group by source_system, period_start, unit_type

)

select
    mart.*,
    fact.lockout_count,
    fact.user_days
from mart
left join fact
    on
        mart.source_system = fact.source_system
        and mart.period_start = fact.month_start
where
    fact.lockout_count is distinct from mart.mart_lockout_count
    or fact.user_days is distinct from mart.mart_user_days
