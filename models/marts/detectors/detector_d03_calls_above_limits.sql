-- D03 · Emptied notch. Nearly no call is left in the half minute above a limit: far fewer than the curve of the team's calls has, and
-- than before the limit (or in other teams). D01 has little to compare with then.
with

{{ detector_cells(ref('cases_d03_calls_above_limits')) }},

{{ strongest_limit('least(notch_z, notch_contrast_z + 1)') }},

final as (

    select
        {{ detector_columns(
            'D03',
            cases='call_count',
            marked='notch_count',
            expected='expected_notch',
            effect='1 - notch_count / nullif(expected_notch, 0)',
            z='least(notch_z, notch_contrast_z + 1)',
            reason="""
                case
                    when reason is not null then reason
                    when expected_notch < 5 then 'too few calls near the limit'
                    when other_count < 300 or notch_contrast_z is null then 'no earlier calls, and no other team, to compare with'
                    when not is_before_known and notch_z >= 3.5 and coalesce(notch_contrast_z, 0) < 2
                        then 'all teams do it as long as the data go back: perhaps a recording or a system'
                end
            """,
            target=["'handle_time'", 'limit_seconds', 'used_for', 'valid_from'],
        ) }}
    from looked_at

)

select * from final
