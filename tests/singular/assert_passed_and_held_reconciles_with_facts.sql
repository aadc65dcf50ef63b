-- Mart = facts, per gate and window: every unit type and every period type that does not overlap counts each session, review
-- and first resolution exactly once; and what a bot contained held as often as its claims.
with

offered as (

    select
        'bot' as gate,
        source_system,
        count(*) as offered_count,
        {{ count_where('is_contained') }} as passed_count
    from {{ ref('fct_bot_sessions') }}
    where is_contained is not null and ended_at is not null
    group by source_system
    union all
    select
        'quality_review' as gate,
        source_system,
        count(*) as offered_count,
        {{ count_where('passed') }} as passed_count
    from {{ ref('fct_qa_reviews') }}
    where passed is not null
    group by source_system
    union all
    select
        'first_line' as gate,
        claims.source_system,
        count(*) as offered_count,
        {{ count_where(
            lowered(trimmed('teams.tier')) ~ " in ('" ~ var('first_line_tiers') | join("', '") ~ "')"
        ) }} as passed_count
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('dim_teams') }} as teams
        on
            claims.source_system = teams.source_system
            and claims.team_id = teams.team_id
            and teams.tier is not null
    where
        claims.claim_type = 'ticket_resolved'
        and claims.is_headline_cohort
        and claims.episode_id = claims.ticket_key || '#1'
    group by claims.source_system

),

contained as (

    select
        'bot' as gate,
        source_system,
        window_days,
        {{ count_where("verdict = 'held'") }} as held_count
    from {{ ref('fct_claim_verdicts') }}
    where claim_type = 'contained_by_bot' and tier_set = 'return'
    group by source_system, window_days

),

mart as (

    select
        gate,
        source_system,
        window_days,
        period_type,
        unit_type,
        sum(offered_count) as offered_count,
        sum(passed_count) as passed_count,
        sum(held_count) as held_count
    from {{ ref('passed_and_held') }}
    where period_type <> '28_days'
    group by gate, source_system, window_days, period_type, unit_type

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
    from offered

),

shapes as (

    select
        offered.*,
        windows.window_days,
        period_types.period_type,
        unit_types.unit_type
    from offered
    cross join (values ('week'), ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    inner join {{ ref('windows') }} as windows
        on windows.is_for_service
    inner join unit_types
        on
            offered.source_system = unit_types.source_system
            and {{ is_period_of('unit_types.unit_type', 'period_types.period_type') }}

)

select
    shapes.*,
    mart.offered_count as mart_offered_count,
    mart.passed_count as mart_passed_count,
    mart.held_count as mart_held_count,
    contained.held_count
from shapes
full outer join mart
    on
        shapes.gate = mart.gate
        and shapes.source_system = mart.source_system
        and shapes.window_days = mart.window_days
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
left join contained
    on
        shapes.gate = contained.gate
        and shapes.source_system = contained.source_system
        and shapes.window_days = contained.window_days
where
    shapes.offered_count is distinct from mart.offered_count
    or shapes.passed_count is distinct from mart.passed_count
    or contained.held_count <> mart.held_count
