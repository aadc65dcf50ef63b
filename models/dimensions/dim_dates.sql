-- Grain: one calendar day, from the first to the last day on which anything happened. No gaps: a quiet day is a row.
-- Days are those of the reporting zone wherever they are joined.
with

days as (

    select * from {{ ref('int_days') }}
    where is_in_data

),

final as (

    select
        date_day,
        {{ week_of('date_day') }} as week_start,
        {{ month_of('date_day') }} as month_start,
        {{ fiscal_year_of('date_day') }} as fiscal_year_start
    from days

)

select * from final
