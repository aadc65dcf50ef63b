-- D02b · More calls under a limit than before it, or, where it is as old as the data, than in other teams; category by category.
with

{{ detector_cells(ref('cases_d02b_calls_since_limits')) }},

-- of two limits at once the one that shows more
limits as (

    select
        *,
        row_number() over (
            partition by source_system, unit, period_type, period_start
            order by contrast_z desc nulls last, limit_seconds asc
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
            'D02b',
            cases='call_count',
            marked='below_count',
            expected='contrast_expected',
            effect='contrast_effect',
            z='contrast_z',
            reason="""
                case
                    when reason is not null then reason
                    when other_count < 300 or contrast_z is null then 'no earlier calls, and no other team, to compare with'
                end
            """,
            target=["'handle_time'", 'limit_seconds', 'used_for', 'valid_from'],
        ) }}
    from looked_at

)

select * from final
