-- D02b · More calls under a limit than before it, or, where it is as old as the data, than in other teams; category by category.
with

{{ detector_cells(ref('cases_d02b_calls_since_limits')) }},

{{ strongest_limit('contrast_z') }},

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
