-- D01 · Calls just under a limit. There must be more than the curve of the team's calls has, and more than before the limit began
-- (or, where it always was, than other teams have in the same categories): the lesser z of the two counts.
with

{{ detector_cells(ref('cases_d01_calls_near_limits')) }},

{{ strongest_limit('least(step_z, contrast_z + 1)') }},

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
