-- D15 · Survey steering. Do agents ask those who will be pleased? Among the customers of one agent, of one kind, who were or were
-- not asked in the last 30 days, asking must not go with displeasure. What the system sends is the placebo. To date it is the
-- whole time or its later half, whichever says more: who steers began one day.
with

cases as (

    select
        cases.*,
        dates.month_start,
        coalesce(cases.agent_key, '') as asker
    from {{ ref('cases_d15_survey_steering') }} as cases
    inner join {{ ref('dim_dates') }} as dates
        on cases.happened_on = dates.date_day

),

months as (

    select
        source_system,
        month_start,
        2 * row_number() over (partition by source_system order by month_start)
        > count(*) over (partition by source_system) as is_later
    from cases
    group by source_system, month_start

),

-- the looks: each month, the whole time, its later half
looked_at as (

    select
        cases.*,
        looks.look,
        case looks.look when 'month' then 'month' else 'to_date' end as period_type,
        case looks.look when 'month' then cases.month_start end as period_start,
        months.is_later
    from cases
    inner join months
        on
            cases.source_system = months.source_system
            and cases.month_start = months.month_start
    cross join (values ('month'), ('whole'), ('later')) as looks (look)
    where looks.look <> 'later' or months.is_later

),

strata as (

    select
        source_system,
        team_id,
        look,
        period_type,
        period_start,
        is_later,
        sent_by,
        subject,
        is_asked_lately,
        asker,
        count(*) as case_count,
        {{ count_where('is_sent') }} as sent_count,
        cast(sum(displeasure) as bigint) as sum_x,
        cast(sum(displeasure * displeasure) as bigint) as sum_xx,
        cast(sum(case when is_sent then displeasure else 0 end) as bigint) as sum_xy
    from looked_at
    where is_mature
    group by
        source_system,
        team_id,
        look,
        period_type,
        period_start,
        is_later,
        sent_by,
        subject,
        is_asked_lately,
        asker

),

-- of a shuffle of who was asked: how far displeasure and asking part, and the variance of that
shuffled as (

    select
        *,
        {{ quotient('case_count * sum_xy - sum_x * sent_count', 'case_count') }} as together,
        {{ quotient('case_count * sum_xx - sum_x * sum_x', 'case_count') }} as spread,
        coalesce({{ quotient(
            'cast(case_count * sum_xx - sum_x * sum_x as decimal(38, 0)) * sent_count * (case_count - sent_count)',
            'cast(case_count * case_count as decimal(38, 0)) * (case_count - 1)'
        ) }}, 0) as variance
    from strata

),

-- what the system itself asks less where somebody is displeased, at the whole desk
placebos as (

    select
        source_system,
        subject,
        least(0, {{ quotient('sum(together)', 'sum(spread)') }}) as placebo_slope
    from shuffled
    where sent_by = 'system' and look = 'whole'
    group by source_system, subject

),

parted as (

    select
        shuffled.source_system,
        shuffled.team_id as unit,
        shuffled.look,
        shuffled.period_type,
        shuffled.period_start,
        sum(shuffled.variance) as variance,
        sum(coalesce(placebos.placebo_slope, 0) * shuffled.spread - shuffled.together) as parted
    from shuffled
    left join placebos
        on
            shuffled.source_system = placebos.source_system
            and shuffled.subject = placebos.subject
    where shuffled.sent_by = 'agent'
    group by shuffled.source_system, shuffled.team_id, shuffled.look, shuffled.period_type, shuffled.period_start

),

cells as (

    select
        source_system,
        team_id as unit,
        look,
        period_type,
        period_start,
        nullif(count(distinct agent_key), 0) as agent_count,
        {{ count_where('is_mature') }} as case_count,
        {{ count_where('is_marked') }} as marked_count,
        {{ count_where('is_mature and displeasure = 0') }} as pleased_count,
        {{ count_where('is_mature and displeasure = 0 and not is_sent') }} as pleased_unasked_count,
        {{ count_where('is_mature and displeasure >= 2') }} as displeased_count,
        {{ count_where('not is_mature') }} as immature_count
    from looked_at
    where sent_by = 'agent'
    group by source_system, team_id, look, period_type, period_start

),

surprises as (

    select
        cells.*,
        case
            when parted.variance > 0
                then {{ quotient('parted.parted', 'sqrt(cast(parted.variance as ' ~ type_double() ~ '))') }}
        end as z
    from cells
    left join parted
        on
            cells.source_system = parted.source_system
            and cells.unit = parted.unit
            and cells.look = parted.look
            and cells.period_start is not distinct from parted.period_start

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_system, unit, period_type, period_start
            order by case when displeased_count >= 20 then 0 else 1 end, z desc nulls last, look desc
        ) as look_rank
    from surprises

),

final as (

    select
        {{ detector_columns(
            'D15',
            cases='case_count',
            marked='marked_count',
            expected='cast(displeased_count as decimal(18, 6)) * ' ~ ratio('pleased_unasked_count', 'pleased_count'),
            effect=ratio('marked_count', 'displeased_count') ~ ' - ' ~ ratio('pleased_unasked_count', 'pleased_count'),
            z='z',
            reason="case when period_type = 'month' and immature_count > 0 then 'not mature'"
                ~ " when displeased_count < 20 then 'too few who are likely displeased' end",
        ) }}
    from ranked
    where look_rank = 1

)

select * from final
