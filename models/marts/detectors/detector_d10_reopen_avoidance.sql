-- D10 · Reopen avoidance. Are there new tickets where the customer's letter would have reopened the old one? Another problem gets a
-- ticket of its own whether or not the letter reopened the old one: tickets of both sorts stand in the ratio that
-- letters of thanks have. Tickets that avoid a reopening are all of one sort.
with

{{ detector_cells(ref('cases_d10_reopen_avoidance'), sums={
    'return_count': "case when kind in ('reopened', 'avoided') then 1 else 0 end",
    'beside_count': "case when kind = 'beside' then 1 else 0 end",
    'thanks_count': "case when kind in ('thanked', 'unheard') then 1 else 0 end",
}) }},

-- how many letters do nothing for one that reopens and is set aside: of the whole desk. One of each is added, so that
-- none is not never.
letters as (

    select
        source_system,
        {{ count_where("kind = 'unheard'") }} + 1 as unheard_count,
        {{ count_where("kind = 'thanked'") }} + 1 as thanked_count
    from {{ ref('cases_d10_reopen_avoidance') }}
    group by source_system

),

desk as (

    select
        cells.*,
        letters.unheard_count,
        letters.thanked_count,
        cells.thanks_count + 1 as letter_count,
        cast(sum(cells.beside_count) over (
            partition by cells.source_system, cells.period_type, cells.period_start
        ) + 1 as bigint) as desk_beside_count,
        cast(sum(cells.thanks_count + 1) over (
            partition by cells.source_system, cells.period_type, cells.period_start
        ) as bigint) as desk_letter_count
    from cells
    inner join letters
        on cells.source_system = letters.source_system

),

compared as (

    select
        *,
        {{ two_rates_z('marked_count', 'unheard_count', 'beside_count', 'thanked_count') }} as own_z,
        {{ two_rates_z(
            'marked_count', 'letter_count * unheard_count', 'desk_beside_count', 'desk_letter_count * thanked_count'
        ) }} as desk_z,
        {{ ratio('beside_count * unheard_count', 'thanked_count') }} as own_expected,
        {{ ratio(
            'desk_beside_count * letter_count * unheard_count', 'desk_letter_count * thanked_count'
        ) }} as desk_expected
    from desk

),

-- a team that has none beside is judged by the whole desk's, which says more than a zero; any other by both
judged as (

    select
        *,
        case when beside_count = 0 then desk_z else least(own_z, desk_z) end as z,
        greatest(own_expected, desk_expected) as other_problem_count
    from compared

),

final as (

    select
        {{ detector_columns(
            'D10',
            cases='return_count',
            marked='marked_count',
            expected='other_problem_count',
            effect=ratio('marked_count', 'return_count')
            ~ ' - ' ~ ratio('cast(10000 * other_problem_count as bigint)', '10000 * return_count'),
            z='z',
        ) }}
    from judged

)

select * from final
