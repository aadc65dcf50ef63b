-- D09 · Auto-close harvesting. Does the timer resolve more than in calm months, and does what it resolved come back more often than
-- what was confirmed? Customers who are content and silent do not come back.
with

{{ detector_cells(ref('cases_d09_auto_close_harvesting'), sums={
    'mature_count': 'case when is_mature then 1 else 0 end',
    'timer_returned_count': 'case when is_marked and is_returned then 1 else 0 end',
    'other_returned_count': 'case when not is_marked and is_returned then 1 else 0 end',
}, amounts={
    'timer_chances': 'timer_chance',
    'timer_variance': 'timer_chance * (1 - timer_chance)',
    'timer_return_chances': 'case when is_marked then return_chance end',
    'timer_return_variance': 'case when is_marked then return_variance end',
    'other_return_chances': 'case when not is_marked then return_chance end',
}) }},

-- of the team's own returns so many would be of what the timer resolved if that came back no more often than the rest
expectations as (

    select
        *,
        (timer_returned_count + other_returned_count)
        * {{ quotient('timer_return_chances', 'timer_return_chances + other_return_chances') }}
            as timer_returns_expected
    from cells

),

measured as (

    select
        *,
        {{ counted_of_z('marked_count', 'timer_chances', 'timer_variance') }} as timer_z,
        {{ counted_of_z(
            'timer_returned_count',
            'timer_returns_expected',
            '(timer_return_variance * ' ~ quotient('timer_returns_expected', 'timer_return_chances') ~ ')',
        ) }} as return_z
    from expectations

),

final as (

    select
        {{ detector_columns(
            'D09',
            cases='case_count',
            marked='marked_count',
            expected='timer_chances',
            effect=quotient('marked_count - timer_chances', 'case_count'),
            z=both_z('timer_z', 'coalesce(return_z, 0)'),
            reason="case when period_type = 'month' and mature_count < case_count then 'not mature' end",
        ) }}
    from measured

)

select * from final
