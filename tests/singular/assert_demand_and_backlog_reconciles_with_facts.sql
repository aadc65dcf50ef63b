-- Two ways to one number. Arrivals: the mart's sums are the fact's. The list: for each unit what entered, came back, left and
-- moved so far is what is open at the end of the period; and of all units together what the intervals say: tickets whose
-- status then is none of the resolved ones.
with

mart as (

    select * from {{ ref('demand_and_backlog') }}

),

fact_arrivals as (

    select
        source_system,
        count(*) as arrival_count
    from {{ ref('fct_interactions') }}
    where is_counted
    group by source_system

),

mart_arrivals as (

    select
        source_system,
        period_type,
        unit_type,
        sum(arrival_count) as arrival_count
    from mart
    where period_type <> '28_days'
    group by source_system, period_type, unit_type

),

running as (

    select
        *,
        sum(entered_count + back_on_list_count - left_count + moved_net_count) over (
            partition by source_system, period_type, unit_type, unit order by period_start
            rows between unbounded preceding and current row
        ) as flown_count
    from mart
    where period_type <> '28_days'

),

counted as (

    select
        mart.source_system,
        mart.period_type,
        mart.period_start,
        count(*) as open_count
    from mart
    inner join {{ ref('fct_ticket_intervals') }} as intervals
        on
            mart.source_system = intervals.source_system
            and intervals.started_at < {{ utc_time('cast(mart.period_end as timestamp)', var('reporting_time_zone')) }}
            and (
                intervals.ended_at is null
                or intervals.ended_at
                >= {{ utc_time('cast(mart.period_end as timestamp)', var('reporting_time_zone')) }}
            )
    where
        mart.unit_type = 'total'
        and mart.period_type in ('month', 'to_date')
        and intervals.field = 'status'
        and coalesce(intervals.value, 'unknown') not in ('resolved', 'solved', 'closed', 'cancelled')
    group by mart.source_system, mart.period_type, mart.period_start

)

select
    'arrivals' as what,
    mart_arrivals.source_system,
    mart_arrivals.period_type,
    mart_arrivals.unit_type,
    mart_arrivals.arrival_count as mart_count,
    fact_arrivals.arrival_count as other_count
from mart_arrivals
full outer join fact_arrivals
    on mart_arrivals.source_system = fact_arrivals.source_system
where mart_arrivals.arrival_count is distinct from fact_arrivals.arrival_count
union all
select
    'flows' as what,
    source_system,
    period_type,
    unit_type,
    open_count as mart_count,
    flown_count as other_count
from running
where open_count <> flown_count
union all
select
    'intervals' as what,
    mart.source_system,
    mart.period_type,
    mart.unit_type,
    mart.open_count as mart_count,
    counted.open_count as other_count
from mart
left join counted
    on
        mart.source_system = counted.source_system
        and mart.period_type = counted.period_type
        and mart.period_start = counted.period_start
where
    mart.unit_type = 'total'
    and mart.period_type in ('month', 'to_date')
    and mart.open_count <> coalesce(counted.open_count, 0)
