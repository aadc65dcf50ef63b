-- D02 · Resolutions just before the deadline. Is more resolved in the last moments than in the stretch before? What gets work
-- done in time, an alarm at four fifths for one, fills the whole stretch; only who looks at the clock fills its end.
with

{{ detector_cells(ref('cases_d02_deadline_bunching'), amounts={
    'chance_sum': 'chance',
    'variance_sum': 'chance * (1 - chance)',
    'expected': 'case when not is_marked then odds else 0 end',
}) }},

-- each case is in the last moments or before: a yes or no, which varies less than a count
measured as (

    select
        *,
        {{ poisson_z('marked_count', 'chance_sum') }} as count_z,
        {{ quotient('chance_sum', 'variance_sum') }} as narrower
    from cells

),

final as (

    select
        {{ detector_columns(
            'D02',
            cases='case_count',
            marked='marked_count',
            expected='expected',
            effect=quotient('marked_count - expected', 'expected'),
            z='round(cast(count_z * sqrt(cast(narrower as ' ~ type_double() ~ ')) as decimal(28, 12)), 6)',
        ) }}
    from measured

)

select * from final
