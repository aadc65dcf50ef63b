-- D01 · Calls just under a limit. There must be more than the curve of the team's calls has, and more than before the limit began
-- (or, where it always was, than other teams have in the same categories): the lesser z of the two counts.
with

{{ detector_cells(ref('cases_d01_calls_near_limits')) }},

-- of two limits at once the one that shows more
limits as (

    select
        *,
        row_number() over (
            partition by source_system, unit, period_type, period_start
            order by least(step_z, contrast_z + 1) desc nulls last, limit_seconds asc
        ) as limit_rank
    from {{ ref('calls_at_limits') }}
    where is_declared

),

looked_at as (

    select
        limits.*,
        cells.agent_count
    from limits
    inner join cells
        on
            limits.source_system = cells.source_system
            and limits.unit = cells.unit
            and limits.period_type = cells.period_type
            and limits.period_start is not distinct from cells.period_start
    where limits.limit_rank = 1

),

final as (

    select
        {{ detector_columns(
            'D01',
            cases='call_count',
            marked='below_count',
            expected='expected_below',
            effect='below_count / nullif(expected_below, 0) - 1',
            z='least(step_z, contrast_z + 1)',
            reason="""
                case
                    when reason is not null then reason
                    when other_count < 300 or contrast_z is null then 'no earlier calls, and no other team, to compare with'
                    when not is_before_known and step_z >= 3.5 and coalesce(contrast_z, 0) < 2
                        then 'all teams do it as long as the data go back: perhaps a recording or a system'
                end
            """,
            target=["'handle_time'", 'limit_seconds', 'used_for', 'valid_from'],
        ) }}
    from looked_at

)

select * from final
