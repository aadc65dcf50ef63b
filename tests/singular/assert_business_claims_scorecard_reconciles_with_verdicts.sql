-- Mart = fact, per window: both unit types and every period type count each business claim, and its amount, exactly once.
{% set counts = {
    'claim_count': 'true',
    'mature_count': 'is_mature',
    'held_count': "verdict = 'held'",
    'falsified_count': "is_mature and verdict = 'falsified'",
    'pending_count': 'not is_mature',
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
        and business_function <> 'service'
    group by claim_type, source_system, window_days

),

amounts as (

    select
        claim_type,
        source_system,
        cast(sum(amount) as decimal(38, 4)) as claimed_amount
    from {{ ref('fct_business_claims') }}
    group by claim_type, source_system

),

mart as (

    select
        claim_type,
        source_system,
        period_type,
        unit_type,
        window_days,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        sum(claimed_amount) as claimed_amount
    from {{ ref('business_claims_scorecard') }}
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
        amounts.claimed_amount,
        period_types.period_type,
        unit_types.unit_type
    from fact
    inner join amounts
        on
            fact.claim_type = amounts.claim_type
            and fact.source_system = amounts.source_system
    cross join (values ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    -- where no claim names a unit there are no rows of units
    left join unit_types
        on fact.source_system = unit_types.source_system

)

select
    shapes.*,
    mart.claim_type as mart_claim_type,
    mart.claimed_amount as mart_claimed_amount
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
    shapes.claimed_amount is distinct from mart.claimed_amount
    {%- for count in counts %}
    or shapes.{{ count }} is distinct from mart.{{ count }}
    {%- endfor %}
