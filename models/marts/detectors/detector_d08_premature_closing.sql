-- D08 · Premature closing. Do the quick and silent resolutions of a team come back more often than its others? Category by
-- category: the quick ones are of other kinds. Known faults that are resolved at once stay resolved.
with

{{ detector_cells(ref('cases_d08_premature_closing'), sums={
    'quick_count': 'case when is_mature and is_quick_and_silent then 1 else 0 end',
    'other_returned_count': 'case when is_mature and is_returned and not is_quick_and_silent then 1 else 0 end',
    'quick_expected': 'case when is_mature and is_quick_and_silent then expected_returns else 0 end',
    'other_expected': 'case when is_mature and not is_quick_and_silent then expected_returns else 0 end',
    'open_count': 'case when not is_mature then 1 else 0 end',
}) }},

-- as many as of the team's others, for what is usual of the categories
final as (

    select
        {{ detector_columns(
            'D08',
            cases='quick_count',
            marked='marked_count',
            expected=ratio('quick_expected * other_returned_count', 'other_expected'),
            effect=ratio('marked_count * other_expected', 'quick_expected * other_returned_count') ~ ' - 1',
            z=two_rates_z('marked_count', 'quick_expected', 'other_returned_count', 'other_expected'),
            reason="case when period_type = 'month' and open_count > 0 then 'not mature' end",
        ) }}
    from cells

)

select * from final
