-- Mart = fact, per definition and window: every unit type and every period type that does not overlap counts each thing exactly
-- once, and what is counted adds up.
{% set counts = ['reported_count', 'no_outcome_count', 'mature_count', 'unobservable_count', 'came_back_count'] %}

with

judged as (

    select
        verdicts.definition_id,
        verdicts.source_system,
        windows.window_days,
        verdicts.has_outcome,
        verdicts.is_observable,
        coalesce(
            verdicts.is_called_resolved,
            verdicts.seconds_to_noticed is null or verdicts.seconds_to_noticed > windows.window_days * 86400
        ) as is_resolved,
        coalesce(verdicts.seconds_to_return <= windows.window_days * 86400, false) as is_back,
        coalesce(
            {{ seconds_between('verdicts.happened_at', 'verdicts.observed_until') }}
            >= 86400 * greatest(windows.window_days, coalesce(verdicts.definition_days, 0)),
            false
        ) as is_mature
    from {{ ref('fct_first_contact_verdicts') }} as verdicts
    cross join {{ ref('windows') }} as windows

),

fact as (

    select
        definition_id,
        source_system,
        window_days,
        count(*) as reported_count,
        {{ count_where('not has_outcome') }} as no_outcome_count,
        {{ count_where('has_outcome and is_mature') }} as mature_count,
        {{ count_where('has_outcome and is_mature and not is_observable') }} as unobservable_count,
        {{ count_where('has_outcome and is_mature and is_observable and is_resolved and is_back') }} as came_back_count
    from judged
    group by definition_id, source_system, window_days

),

mart as (

    select
        definition_id,
        source_system,
        period_type,
        unit_type,
        window_days,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        sum(no_outcome_count + pending_count + mature_count - reported_count) as not_accounted_for,
        sum(called_resolved_count - came_back_count - stayed_away_count) as not_judged,
        sum(mature_count - unobservable_count - cohort_count) as in_no_cohort
    from {{ ref('first_contact_resolution') }}
    where period_type <> '28_days'
    group by definition_id, source_system, period_type, unit_type, window_days

),

unit_types as (

    select distinct
        source_system,
        unit_type
    from {{ ref('first_contact_resolution') }}

),

windows as (

    select distinct
        definition_id,
        window_days
    from {{ ref('first_contact_resolution') }}

),

shapes as (

    select
        fact.*,
        period_types.period_type,
        unit_types.unit_type
    from fact
    inner join windows
        on
            fact.definition_id = windows.definition_id
            and fact.window_days = windows.window_days
    cross join (values ('week'), ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    -- of a type of which a system names no unit there are no rows
    inner join unit_types
        on
            fact.source_system = unit_types.source_system
            and {{ is_period_of('unit_types.unit_type', 'period_types.period_type') }}

)

select
    shapes.*
    {%- for count in counts %},
    mart.{{ count }} as mart_{{ count }}
    {%- endfor %}
from shapes
full outer join mart
    on
        shapes.definition_id = mart.definition_id
        and shapes.source_system = mart.source_system
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
        and shapes.window_days = mart.window_days
where
    mart.not_accounted_for <> 0
    or mart.not_judged <> 0
    or mart.in_no_cohort <> 0
    {%- for count in counts %}
    or shapes.{{ count }} is distinct from mart.{{ count }}
    {%- endfor %}
