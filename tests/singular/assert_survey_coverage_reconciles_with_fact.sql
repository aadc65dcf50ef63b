-- Mart = fact: every unit type and every period type that does not overlap counts each invitation exactly once.
{% set counts = ['reported_eligible_count', 'reported_rated_count', 'reported_satisfied_count'] %}

with

fact as (

    select
        source_system,
        count(*) as reported_eligible_count,
        {{ count_where('csat_share is not null') }} as reported_rated_count,
        {{ count_where('csat_share >= ' ~ var('satisfied_from')) }} as reported_satisfied_count
    from {{ ref('fct_survey_responses') }}
    where eligible_at is not null or sent_at is not null or answered_at is not null
    group by source_system

),

mart as (

    select
        source_system,
        period_type,
        unit_type,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        sum(pending_count + eligible_count - reported_eligible_count) as not_accounted_for
    from {{ ref('survey_coverage') }}
    where period_type <> '28_days'
    group by source_system, period_type, unit_type

),

unit_types as (

    select
        source_system,
        unit_type
    from mart
    union
    -- where the mart has nothing, too
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
    shapes.*
    {%- for count in counts %},
    mart.{{ count }} as mart_{{ count }}
    {%- endfor %}
from shapes
full outer join mart
    on
        shapes.source_system = mart.source_system
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
where
    mart.not_accounted_for <> 0
    {%- for count in counts %}
    or shapes.{{ count }} is distinct from mart.{{ count }}
    {%- endfor %}
