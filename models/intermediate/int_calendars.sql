-- Grain: one calendar, and whether it can be counted in. With one row that nobody can read its hours are not known:
-- counted without that row, time would pass too slowly and targets look met.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

hours as (

    select
        calendar_key,
        source_system,
        calendar_id,
        {{ count_where('not is_readable') }} as unreadable_count
    from {{ ref('int_calendar_hours') }}
    group by calendar_key, source_system, calendar_id

),

unioned_holidays as (

    {{ union_systems('holidays') }}

),

holidays as (

    select
        source_system || ':' || calendar_id as calendar_key,
        {{ count_where('holiday_on is null') }} as unreadable_count
    from unioned_holidays
    group by source_system || ':' || calendar_id

),

final as (

    select
        hours.calendar_key,
        hours.source_system,
        hours.calendar_id,
        hours.unreadable_count + coalesce(holidays.unreadable_count, 0) = 0 as is_readable
    from hours
    left join holidays
        on hours.calendar_key = holidays.calendar_key

)

select * from final
