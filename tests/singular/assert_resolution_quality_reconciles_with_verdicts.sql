-- Mart = fact, per window: every unit type and every period type that does not overlap counts each headline claim exactly
-- once.
{% set counts = {
    'claim_count': 'true',
    'mature_count': 'is_mature',
    'held_count': "verdict = 'held'",
    'falsified_count': "is_mature and verdict = 'falsified'",
    'unobservable_count': "verdict = 'unobservable'",
} %}

with

fact as (

    select
        claim_type,
        source_system,
        window_days,
        {%- for count, condition in counts.items() %}
        {{ count_where(condition) }} as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and is_headline_cohort
        and business_function = 'service'
    group by claim_type, source_system, window_days

),

mart as (

    select
        claim_type,
        source_system,
        period_type,
        unit_type,
        window_days,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('resolution_quality') }}
    where period_type <> '28_days'
    group by claim_type, source_system, period_type, unit_type, window_days

),

unit_types as (

    select distinct
        source_system,
        unit_type
    from mart

),

shapes as (

    select
        fact.*,
        period_types.period_type,
        unit_types.unit_type
    from fact
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
        shapes.claim_type = mart.claim_type
        and shapes.source_system = mart.source_system
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
        and shapes.window_days = mart.window_days
where
    {%- for count in counts %}
    shapes.{{ count }} is distinct from mart.{{ count }}{{ ' or' if not loop.last }}
    {%- endfor %}
