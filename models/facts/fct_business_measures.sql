-- Grain: one measure of one unit in one period.
with

business_measures as (

    select * from {{ ref('int_business_measures') }}

),

final as (

    select
        source_system,
        business_function,
        unit,
        period_start,
        measure,
        numerator,
        denominator
    from business_measures

)

select * from final
