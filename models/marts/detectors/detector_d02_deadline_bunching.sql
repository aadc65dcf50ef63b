-- D02 · Resolutions just before the deadline. Is more resolved in the last moments than in the stretch before? What gets work
-- done in time, an alarm at four fifths for one, fills the whole stretch; only who looks at the clock fills its end.
with

{{ detector_cells(ref('cases_d02_deadline_bunching'), amounts={
    'chance_sum': 'chance',
    'variance_sum': 'chance * (1 - chance)',
    'expected': 'case when not is_marked then odds else 0 end',
}) }},

final as (

    select
        {{ detector_columns(
            'D02',
            cases='case_count',
            marked='marked_count',
            expected='expected',
            effect=quotient('marked_count - expected', 'expected'),
            z=counted_of_z('marked_count', 'chance_sum', 'variance_sum'),
        ) }}
    from cells

)

select * from final
