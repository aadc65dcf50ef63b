-- Mart = fact: every unit type and every period type that does not overlap counts each incident exactly once per look-back, and so
-- do the families of recurring_problems, as far as an incident has one.
with

fact as (

    select
        source_system,
        family_type,
        count(*) as incident_count,
        {{ count_where('resolved_at is not null') }} as resolved_incident_count,
        {{ count_where('is_placed') }} as placed_count,
        {{ count_where('is_new_case') }} as new_case_count
    from {{ ref('fct_incidents') }}
    group by source_system, family_type

),

mart as (

    select
        source_system,
        family_type,
        window_days,
        period_type,
        unit_type,
        sum(incident_count) as incident_count,
        sum(resolved_incident_count) as resolved_incident_count,
        sum(unplaced_count + no_history_count + case_count) as judged_or_not_count
    from {{ ref('recycled_incidents') }}
    where period_type <> '28_days'
    group by source_system, family_type, window_days, period_type, unit_type

),

families as (

    select
        source_system,
        family_type,
        window_days,
        sum(incident_count) as incident_count,
        sum(case_count) as case_count
    from {{ ref('recurring_problems') }}
    group by source_system, family_type, window_days

)

select
    fact.source_system,
    fact.family_type,
    mart.window_days,
    mart.period_type,
    mart.unit_type,
    fact.incident_count,
    mart.incident_count as mart_incident_count,
    families.incident_count as family_incident_count
from fact
left join mart
    on
        fact.source_system = mart.source_system
        and fact.family_type = mart.family_type
left join families
    on
        mart.source_system = families.source_system
        and mart.family_type = families.family_type
        and mart.window_days = families.window_days
where
    fact.incident_count is distinct from mart.incident_count
    or fact.resolved_incident_count is distinct from mart.resolved_incident_count
    or mart.judged_or_not_count > mart.resolved_incident_count
    or fact.placed_count is distinct from coalesce(families.incident_count, 0)
    or fact.new_case_count is distinct from coalesce(families.case_count, 0)
