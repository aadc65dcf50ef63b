-- D12 · End-of-period closing. Is more of a month's last business day resolved in its late hours than on other days, and does that
-- come back more often than what the team resolves else? More demand fills the whole day, and stays solved.
with

{{ detector_cells(ref('cases_d12_period_end'), sums={
    'last_day_count': 'case when is_last_day then 1 else 0 end',
    'end_returned_count': 'case when is_marked and is_returned then 1 else 0 end',
    'other_returned_count': 'case when not is_marked and is_returned then 1 else 0 end',
}, amounts={
    'late_chances': 'late_chance',
    'late_variance': 'late_variance',
    'expected': 'late_odds',
    'end_chances': 'case when is_marked then return_chance end',
    'end_variance': 'case when is_marked then return_variance end',
    'other_chances': 'case when not is_marked then return_chance end',
}) }},

-- of the team's own returns so many would be of what was resolved at the end if that came back no more often than the rest
expectations as (

    select
        *,
        (end_returned_count + other_returned_count)
        * {{ quotient('end_chances', 'end_chances + other_chances') }} as end_returns_expected
    from cells

),

measured as (

    select
        *,
        {{ counted_of_z('marked_count', 'late_chances', 'late_variance') }} as late_z,
        {{ counted_of_z(
            'end_returned_count',
            'end_returns_expected',
            '(end_variance * ' ~ quotient('end_returns_expected', 'end_chances') ~ ')',
        ) }} as return_z
    from expectations

),

final as (

    select
        {{ detector_columns(
            'D12',
            cases='last_day_count',
            marked='marked_count',
            expected='expected',
            effect=quotient('marked_count - expected', 'expected'),
            z=both_z('late_z', 'return_z'),
        ) }}
    from measured

)

select * from final
