-- What was not looked at must say so: each team and month, and each team to date, has a row for every detector that is computed.
with

computed as (

    select count(*) as detector_count
    from {{ ref('detectors') }}
    where is_computed

),

units as (

    select
        source_system,
        period_type,
        period_start,
        unit,
        count(*) as row_count,
        count(distinct detector) as detector_count
    from {{ ref('gaming_signals') }}
    group by source_system, period_type, period_start, unit

)

select
    units.*,
    computed.detector_count as computed_count
from units
cross join computed
where units.row_count <> computed.detector_count or units.detector_count <> computed.detector_count
