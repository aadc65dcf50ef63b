-- Mart = facts, per metric: every unit type and every period type that does not overlap counts each clock, reply, resolution
-- and call exactly once.
with

clocks as (

    select
        clocks.*,
        row_number() over (
            partition by clocks.ticket_key, clocks.stopped_by
            order by metrics.metric_rank, {{ text_order('clocks.metric') }}
        ) as clock_number
    from {{ ref('fct_ticket_clocks') }} as clocks
    inner join {{ ref('sla_metrics') }} as metrics
        on clocks.metric = metrics.metric

),

fact as (

    select
        case when stopped_by = 'first_reply' then 'sla_first_reply' else 'sla_resolution' end as metric,
        source_system,
        {{ count_where('stopped_at is not null') }} as item_count,
        {{ count_where('stopped_at is not null and is_met') }} as met_count,
        {{ count_where('stopped_at is null and not is_met') }} as running_over_target_count,
        cast(null as bigint) as lost_count
    from clocks
    where clock_number = 1 and is_met is not null
    group by case when stopped_by = 'first_reply' then 'sla_first_reply' else 'sla_resolution' end, source_system
    union all
    select
        'time_to_resolution' as metric,
        source_system,
        count(*) as item_count,
        cast(null as bigint) as met_count,
        cast(null as bigint) as running_over_target_count,
        cast(null as bigint) as lost_count
    from {{ ref('fct_claims') }}
    where claim_type = 'ticket_resolved' and is_headline_cohort and episode_id = ticket_key || '#1'
    group by source_system
    union all
    select
        'first_reply' as metric,
        messages.source_system,
        count(distinct messages.ticket_key) as item_count,
        cast(null as bigint) as met_count,
        cast(null as bigint) as running_over_target_count,
        cast(null as bigint) as lost_count
    from {{ ref('fct_ticket_messages') }} as messages
    inner join {{ ref('fct_interactions') }} as openings
        on
            messages.ticket_key = openings.ticket_key
            and openings.kind = 'opening'
            and openings.started_at < messages.sent_at
    where messages.is_public_agent_reply
    group by messages.source_system
    union all
    select
        'calls' as metric,
        source_system,
        {{ count_where('is_answered or not is_short_abandon') }} as item_count,
        {{ count_where('is_answered and wait_seconds <= ' ~ var('service_level_seconds')) }} as met_count,
        cast(null as bigint) as running_over_target_count,
        {{ count_where('not is_answered') }} as lost_count
    from {{ ref('fct_interactions') }}
    where kind = 'contact' and is_counted and (is_answered or ended_at is not null)
    group by source_system

),

mart as (

    select
        metric,
        source_system,
        period_type,
        unit_type,
        sum(item_count) as item_count,
        sum(met_count) as met_count,
        sum(running_over_target_count) as running_over_target_count,
        sum(abandoned_count + short_abandon_count) as lost_count
    from {{ ref('service_levels') }}
    where period_type <> '28_days'
    group by metric, source_system, period_type, unit_type

),

unit_types as (

    select
        source_system,
        unit_type
    from mart
    union
    select
        source_system,
        'total' as unit_type
    from fact

),

shapes as (

    select
        fact.*,
        period_types.period_type,
        unit_types.unit_type
    from fact
    cross join (values ('week'), ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    inner join unit_types
        on
            fact.source_system = unit_types.source_system
            and {{ is_period_of('unit_types.unit_type', 'period_types.period_type') }}

)

select
    shapes.*,
    mart.item_count as mart_item_count,
    mart.met_count as mart_met_count,
    mart.running_over_target_count as mart_running_over_target_count,
    mart.lost_count as mart_lost_count
from shapes
full outer join mart
    on
        shapes.metric = mart.metric
        and shapes.source_system = mart.source_system
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
where
    -- a desk in which only machines replied has cells without a first reply, and no reply
    coalesce(shapes.item_count, 0) <> coalesce(mart.item_count, 0)
    or shapes.met_count is distinct from mart.met_count
    or shapes.running_over_target_count is distinct from mart.running_over_target_count
    or shapes.lost_count is distinct from mart.lost_count
