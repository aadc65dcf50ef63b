-- Grain: one measure of one unit in one period.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('business_measures') }}

)

select
    source_system,
    business_function,
    unit,
    period_start,
    measure,
    numerator,
    denominator
from unioned
where {{ begun_at_as_of('period_start') }}
