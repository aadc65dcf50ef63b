-- D02c · Unofficial ceiling. The step of D01, looked for at every half minute from 4 to 12 minutes but those within 45 seconds of a limit
-- that is declared: more calls than the curve has, and more than other teams have in the same categories. The highest of
-- 17 z is taken, so that the threshold is 4.
with

{{ detector_cells(ref('cases_d02c_unofficial_ceilings')) }},

declared as (

    select distinct
        source_system,
        unit,
        period_type,
        period_start,
        limit_seconds
    from {{ ref('calls_at_limits') }}
    where is_declared

),

-- near a limit that is declared
taken as (

    select
        scanned.source_system,
        scanned.unit,
        scanned.period_type,
        scanned.period_start,
        scanned.limit_seconds
    from {{ ref('calls_at_limits') }} as scanned
    inner join declared
        on
            scanned.source_system = declared.source_system
            and scanned.unit = declared.unit
            and scanned.period_type = declared.period_type
            and scanned.period_start is not distinct from declared.period_start
    where not scanned.is_declared and abs(scanned.limit_seconds - declared.limit_seconds) <= 45
    group by
        scanned.source_system,
        scanned.unit,
        scanned.period_type,
        scanned.period_start,
        scanned.limit_seconds

),

limits as (

    select
        scanned.*,
        least(scanned.step_z, scanned.contrast_z + 1) as both_z,
        max(case when scanned.contrast_z < 2 then scanned.step_z end) over (
            partition by scanned.source_system, scanned.unit, scanned.period_type, scanned.period_start
        ) as common_z,
        row_number() over (
            partition by scanned.source_system, scanned.unit, scanned.period_type, scanned.period_start
            order by
                case when scanned.reason is null then least(scanned.step_z, scanned.contrast_z + 1) end desc nulls last,
                scanned.limit_seconds
        ) as limit_rank
    from {{ ref('calls_at_limits') }} as scanned
    left join taken
        on
            scanned.source_system = taken.source_system
            and scanned.unit = taken.unit
            and scanned.period_type = taken.period_type
            and scanned.period_start is not distinct from taken.period_start
            and scanned.limit_seconds = taken.limit_seconds
    where not scanned.is_declared and taken.unit is null

),

{{ first_limit() }},

final as (

    select
        {{ detector_columns(
            'D02c',
            cases='call_count',
            marked='below_count',
            expected='expected_below',
            effect='below_count / nullif(expected_below, 0) - 1',
            z='both_z',
            reason="""
                case
                    when reason is not null then reason
                    when other_count < 300 or contrast_z is null then 'no other team to compare with'
                    when both_z < 4 and common_z >= 4.5 then 'all teams do it: perhaps a recording or a system'
                end
            """,
            target=["'handle_time'", 'limit_seconds', "'in no list'", 'null'],
        ) }}
    from looked_at

)

select * from final
