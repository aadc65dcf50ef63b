-- Grain: one calendar day, from the first to the last day on which anything happened. No gaps: a quiet day is a row.
with

days as (

    select * from {{ ref('int_days') }}
    where is_in_data

),

final as (

    select
        date_day,
        cast(date_trunc('week', date_day) as date) as week_start,
        cast(date_trunc('month', date_day) as date) as month_start
    from days

)

select * from final
