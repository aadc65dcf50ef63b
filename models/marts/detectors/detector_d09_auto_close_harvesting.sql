-- D09 · Auto-close harvesting. Does the timer resolve more than it does in calm months, and does what it resolved come back more often
-- than what was confirmed? Both must hold: customers who are content and silent do not come back.
with

{{ detector_cells(ref('cases_d09_auto_close_harvesting'), keys=['category'], sums={
    'mature_count': 'case when is_mature then 1 else 0 end',
    'timer_judged_count': 'case when is_marked and is_returned is not null then 1 else 0 end',
    'timer_returned_count': 'case when is_marked and is_returned then 1 else 0 end',
    'confirmed_judged_count': 'case when not is_marked and is_returned is not null then 1 else 0 end',
    'confirmed_returned_count': 'case when not is_marked and is_returned then 1 else 0 end',
}) }},

-- people count once, whatever they work on
people as (

    select
        cases.source_system,
        cases.team_id as unit,
        kinds.period_type,
        case kinds.period_type when 'month' then dates.month_start end as period_start,
        nullif(count(distinct cases.agent_key), 0) as agent_count
    from {{ ref('cases_d09_auto_close_harvesting') }} as cases
    inner join {{ ref('dim_dates') }} as dates
        on cases.happened_on = dates.date_day
    cross join (values ('month'), ('to_date')) as kinds (period_type)
    where cases.team_id is not null
    group by
        cases.source_system,
        cases.team_id,
        kinds.period_type,
        case kinds.period_type when 'month' then dates.month_start end

),

team_months as (

    select
        source_system,
        unit,
        period_start,
        sum(case_count) as case_count,
        sum(marked_count) as marked_count
    from cells
    where period_type = 'month'
    group by source_system, unit, period_start

),

shares as (

    select
        *,
        {{ ratio('marked_count', 'case_count', 6) }} as timer_share
    from team_months

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_system order by timer_share, {{ text_order('unit') }}, period_start
        ) as share_rank,
        count(*) over (partition by source_system) as month_count
    from shares

),

-- how much the timer resolves of each category in the calmer half of all team-months. One more, so that what never happened is rare, not impossible.
calm as (

    select
        cells.source_system,
        cells.category,
        {{ quotient('sum(cells.marked_count) + 1', 'sum(cells.case_count) + 1') }} as calm_share
    from cells
    inner join ranked
        on
            cells.source_system = ranked.source_system
            and cells.unit = ranked.unit
            and cells.period_start = ranked.period_start
    where cells.period_type = 'month' and 2 * ranked.share_rank <= ranked.month_count + 1
    group by cells.source_system, cells.category

),

calm_everywhere as (

    select
        cells.source_system,
        {{ quotient('sum(cells.marked_count) + 1', 'sum(cells.case_count) + 1') }} as calm_share
    from cells
    inner join ranked
        on
            cells.source_system = ranked.source_system
            and cells.unit = ranked.unit
            and cells.period_start = ranked.period_start
    where cells.period_type = 'month' and 2 * ranked.share_rank <= ranked.month_count + 1
    group by cells.source_system

),

-- how often what was confirmed comes back
returns as (

    select
        source_system,
        category,
        {{ quotient('sum(confirmed_returned_count)', 'sum(confirmed_judged_count)') }} as return_share
    from cells
    where period_type = 'to_date'
    group by source_system, category

),

added_up as (

    select
        cells.source_system,
        cells.unit,
        cells.period_type,
        cells.period_start,
        sum(cells.case_count) as case_count,
        sum(cells.marked_count) as marked_count,
        sum(cells.mature_count) as mature_count,
        sum(cells.case_count * coalesce(calm.calm_share, calm_everywhere.calm_share)) as expected,
        sum(cells.timer_returned_count) as timer_returned_count,
        sum(cells.confirmed_returned_count) as confirmed_returned_count,
        sum(cells.timer_judged_count * coalesce(returns.return_share, 0)) as timer_expected,
        sum(cells.confirmed_judged_count * coalesce(returns.return_share, 0)) as confirmed_expected
    from cells
    inner join calm_everywhere
        on cells.source_system = calm_everywhere.source_system
    left join calm
        on cells.source_system = calm.source_system and cells.category = calm.category
    left join returns
        on cells.source_system = returns.source_system and cells.category = returns.category
    group by cells.source_system, cells.unit, cells.period_type, cells.period_start

),

-- of the team's own returns so many would be of what the timer resolved if that came back no more often than the rest
split as (

    select
        *,
        (timer_returned_count + confirmed_returned_count)
        * {{ quotient('timer_expected', 'timer_expected + confirmed_expected') }} as timer_returns_expected
    from added_up

),

measured as (

    select
        split.*,
        people.agent_count,
        {{ poisson_z('marked_count', 'expected') }} as share_z,
        {{ poisson_z('timer_returned_count', 'timer_returns_expected') }} as return_z
    from split
    inner join people
        on
            split.source_system = people.source_system
            and split.unit = people.unit
            and split.period_type = people.period_type
            and split.period_start is not distinct from people.period_start

),

final as (

    select
        {{ detector_columns(
            'D09',
            cases='case_count',
            marked='marked_count',
            expected='expected',
            effect=quotient('marked_count - expected', 'case_count'),
            z='least(share_z, return_z)',
            reason="case when period_type = 'month' and mature_count < case_count then 'not mature' end",
        ) }}
    from measured

)

select * from final
