-- D17 · Category recoding. Do hard tickets end in categories that count for less? Mistakes befall the team's easy tickets as well:
-- they are its measure. And it must be more than with the other teams, or than in the team's own first three months, so that a
-- habit of the place is none of the team's. Net of what comes back: who sorts what was opened wrongly moves it the other way.
with

{{ detector_cells(ref('cases_d17_category_recoding'), sums={
    'hard_count': 'case when is_hard then 1 else 0 end',
    'easy_count': 'case when is_easy then 1 else 0 end',
    'easy_out_count': 'case when is_easy and is_moved_out then 1 else 0 end',
    'back_count': 'case when is_moved_back then 1 else 0 end',
}) }},

numbered as (

    select
        *,
        case
            when period_type = 'month'
                then row_number() over (partition by source_system, unit, period_type order by period_start)
        end as month_number
    from cells

),

firsts as (

    select
        source_system,
        unit,
        cast(sum(hard_count) as bigint) as first_hard_count,
        cast(sum(marked_count) as bigint) as first_marked_count
    from numbered
    where month_number <= 3
    group by source_system, unit

),

compared as (

    select
        numbered.*,
        cast(sum(numbered.hard_count) over (
            partition by numbered.source_system, numbered.period_type, numbered.period_start
        ) - numbered.hard_count as bigint) as others_hard_count,
        cast(sum(numbered.marked_count) over (
            partition by numbered.source_system, numbered.period_type, numbered.period_start
        ) - numbered.marked_count as bigint) as others_marked_count,
        coalesce(firsts.first_hard_count, 0) as first_hard_count,
        coalesce(firsts.first_marked_count, 0) as first_marked_count,
        -- who has few easy tickets is measured by those of the desk
        case when numbered.easy_count >= 30 then numbered.easy_out_count else cast(sum(numbered.easy_out_count) over (
            partition by numbered.source_system, numbered.period_type, numbered.period_start
        ) as bigint) end as measure_out_count,
        case when numbered.easy_count >= 30 then numbered.easy_count else cast(sum(numbered.easy_count) over (
            partition by numbered.source_system, numbered.period_type, numbered.period_start
        ) as bigint) end as measure_count,
        -- the team to date without its first months
        numbered.hard_count
        - case when numbered.period_type = 'month' then 0 else firsts.first_hard_count end as later_hard_count,
        numbered.marked_count
        - case when numbered.period_type = 'month' then 0 else firsts.first_marked_count end as later_marked_count
    from numbered
    left join firsts
        on
            numbered.source_system = firsts.source_system
            and numbered.unit = firsts.unit
            and coalesce(numbered.month_number, 4) > 3

),

surprises as (

    select
        *,
        {{ two_shares_z('marked_count', 'hard_count', 'measure_out_count', 'measure_count') }} as z_within,
        {{ two_shares_z('marked_count', 'hard_count', 'others_marked_count', 'others_hard_count') }} as z_others,
        {{ two_shares_z('later_marked_count', 'later_hard_count', 'first_marked_count', 'first_hard_count') }}
            as z_first
    from compared

),

judged as (

    select
        *,
        -- both, and nothing where as much comes back
        case
            when coalesce(z_others, z_first) is not null
                then least(
                    z_within,
                    greatest(coalesce(z_others, z_first), coalesce(z_first, z_others)),
                    case when marked_count <= back_count then 0 else z_within end
                )
        end as z
    from surprises

),

final as (

    select
        {{ detector_columns(
            'D17',
            cases='hard_count',
            marked='marked_count',
            expected='cast(hard_count as decimal(18, 6)) * ' ~ ratio('measure_out_count', 'measure_count'),
            effect=ratio('marked_count', 'hard_count') ~ ' - ' ~ ratio('measure_out_count', 'measure_count'),
            z='z',
            reason="case when measure_count < 30 then 'too few easy tickets to compare with' end",
        ) }}
    from judged

)

select * from final
