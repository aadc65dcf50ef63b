-- Mart = fact: of each pair, both unit types and every period type report the series of the headline exactly once. Of years of weeks
-- there are no months.
with

pairs as (

    select * from {{ ref('business_measure_pairs') }}

),

fact as (

    select
        measures.source_system,
        pairs.pair_id,
        pairs.formula,
        cast(sum(measures.numerator) as decimal(38, 4)) as numerator,
        cast(sum(measures.denominator) as decimal(38, 4)) as denominator
    from {{ ref('fct_business_measures') }} as measures
    inner join pairs
        on
            {{ lowered(trimmed('measures.business_function')) }} = pairs.business_function
            and {{ lowered(trimmed('measures.measure')) }} = pairs.headline_measure
    where measures.numerator is not null and measures.denominator > 0
    group by measures.source_system, pairs.pair_id, pairs.formula

),

mart as (

    select
        source_system,
        pair_id,
        period_type,
        unit_type,
        sum(reported_numerator) as numerator,
        sum(reported_denominator) as denominator
    from {{ ref('business_measures_scorecard') }}
    group by source_system, pair_id, period_type, unit_type

),

shapes as (

    select
        fact.*,
        period_types.period_type,
        unit_types.unit_type
    from fact
    cross join (values ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    cross join (values ('total'), ('unit')) as unit_types (unit_type)
    where fact.formula <> 'last_week' or period_types.period_type <> 'month'

)

select
    shapes.*,
    mart.pair_id as mart_pair_id,
    mart.period_type as mart_period_type,
    mart.numerator as mart_numerator,
    mart.denominator as mart_denominator
from shapes
full outer join mart
    on
        shapes.source_system = mart.source_system
        and shapes.pair_id = mart.pair_id
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
where
    shapes.numerator is distinct from mart.numerator
    or shapes.denominator is distinct from mart.denominator
