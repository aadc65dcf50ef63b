-- Grain: one closed day of a schedule; a holiday of several days is each of them.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

holidays as (

    select * from {{ ref('base_zendesk__schedule_holiday') }}
    where fate = 'used'

),

digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)

),

offsets as (

    select ones.digit + 10 * tens.digit + 100 * hundreds.digit as day_offset
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds

),

final as (

    -- holidays may overlap
    select distinct
        'zendesk' as source_system,
        holidays.schedule_id as calendar_id,
        cast(holidays.first_day + offsets.day_offset * interval '1' day as date) as holiday_on
    from holidays
    inner join offsets
        on holidays.first_day + offsets.day_offset * interval '1' day <= holidays.last_day

)

select * from final
