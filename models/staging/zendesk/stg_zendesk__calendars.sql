-- Grain: one opening interval of one weekday. Zendesk counts minutes from Sunday midnight; an interval over several days is
-- cut at each midnight, and ends there at 24:00.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

schedules as (

    select * from {{ ref('base_zendesk__schedule') }}
    where fate = 'used'

),

time_zones as (

    select * from {{ ref('zendesk_time_zones') }}

),

-- minutes may run over the end of the week
days as (

    select
        day_number,
        1440 * day_number as day_start
    from (
        values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13)
    ) as listed (day_number)

),

cut as (

    select
        schedules.schedule_id,
        schedules.time_zone,
        case when days.day_number % 7 = 0 then 7 else days.day_number % 7 end as iso_weekday,
        greatest(schedules.start_minute - days.day_start, 0) as opens_minute,
        least(schedules.end_minute - days.day_start, 1440) as closes_minute
    from schedules
    inner join days
        on
            schedules.start_minute < days.day_start + 1440
            and schedules.end_minute > days.day_start

),

final as (

    select
        'zendesk' as source_system,
        cut.schedule_id as calendar_id,
        -- newer accounts write the IANA name themselves
        coalesce(
            time_zones.iana_name, case when cut.time_zone like '%/%' or cut.time_zone = 'UTC' then cut.time_zone end
        ) as time_zone,
        cast(cut.iso_weekday as bigint) as iso_weekday,
        {%- for side in ['opens', 'closes'] %}
        lpad(cast({{ integer_division('cut.' ~ side ~ '_minute', '60') }} as varchar), 2, '0') || ':'
        || lpad(cast(cut.{{ side }}_minute % 60 as varchar), 2, '0') as {{ side }}_at{{ ',' if not loop.last }}
        {%- endfor %}
    from cut
    left join time_zones
        on cut.time_zone = time_zones.zendesk_name

)

select * from final
