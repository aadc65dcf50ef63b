-- Grain: one row of a calendar: the hours from an opening to a closing on one day of the week.
-- What cannot be read is marked, not dropped: hours that are missing would make time look shorter.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

unioned as (

    {{ union_systems('calendars') }}

),

zones as (

    {{ known_time_zones() }}

),

parsed as {{ computed_once() }} (

    select
        unioned.source_system || ':' || unioned.calendar_id as calendar_key,
        unioned.source_system,
        unioned.calendar_id,
        -- an engine raises an error at a zone that it does not know
        zones.name as time_zone,
        unioned.iso_weekday,
        {{ parse_clock('unioned.opens_at') }} as opens_second,
        {{ parse_clock('unioned.closes_at') }} as closes_second
    from unioned
    left join zones
        on {{ trimmed('unioned.time_zone') }} = zones.name

),

final as (

    select
        calendar_key,
        source_system,
        calendar_id,
        time_zone,
        cast(iso_weekday as integer) as iso_weekday,
        opens_second,
        -- closing at or before the opening is over midnight
        case
            when closes_second <= opens_second then closes_second + 86400
            else closes_second
        end as closes_second,
        coalesce(
            time_zone is not null
            and iso_weekday between 1 and 7
            and opens_second is not null
            and closes_second is not null,
            false
        ) as is_readable
    from parsed

)

select * from final
