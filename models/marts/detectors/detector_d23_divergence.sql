-- D23 · Headline and reality part. Week by week, of the tickets of one category and priority: are more quick or in time, and do
-- more come back? Both slopes must be surely there, so the lesser z counts. A month is judged by the eight whole weeks that end in it.
{% set measures = {'quick': 'is_quick', 'met': 'is_met', 'back': 'is_back'} %}
with

weeks as (

    select
        week_start,
        row_number() over (order by week_start) as week_number
    from {{ ref('dim_dates') }}
    group by week_start

),

whole_weeks as (

    select
        weeks.week_number,
        sundays.month_start
    from weeks
    inner join {{ ref('dim_dates') }} as sundays
        on cast(weeks.week_start + interval '6' day as date) = sundays.date_day

),

month_ends as (

    select
        month_start,
        max(week_number) as last_week
    from whole_weeks
    group by month_start

),

looks as (

    select
        'month' as period_type,
        month_ends.month_start as period_start,
        month_ends.last_week - steps.back as week_number,
        8 - steps.back as x
    from month_ends
    cross join (values (0), (1), (2), (3), (4), (5), (6), (7)) as steps (back)
    where month_ends.last_week >= 8
    union all
    select
        'to_date' as period_type,
        cast(null as date) as period_start,
        week_number,
        week_number as x
    from whole_weeks

),

judged as (

    select
        cases.source_system,
        cases.team_id as unit,
        looks.period_type,
        looks.period_start,
        looks.x,
        cases.agent_key,
        cases.is_mature,
        cases.is_marked,
        {%- for name, fact in measures.items() %}
        case when cases.is_mature and cases.{{ fact }} is not null then 1 else 0 end as {{ name }}_n,
        case
            when cases.is_mature and cases.{{ fact }} is not null
                then (case when cases.{{ fact }} then 1 else 0 end) - cases.{{ name }}_share
            else 0
        end as {{ name }}_more,
        case
            when cases.is_mature and cases.{{ fact }} is not null
                then cases.{{ name }}_share * (1 - cases.{{ name }}_share)
            else 0
        end as {{ name }}_v,
        {%- endfor %}
        greatest(cases.quick_share, cases.met_share) * cases.back_share as both_share
    from {{ ref('cases_d23_divergence') }} as cases
    inner join {{ ref('dim_dates') }} as dates
        on cases.happened_on = dates.date_day
    inner join weeks
        on dates.week_start = weeks.week_start
    inner join looks
        on weeks.week_number = looks.week_number

),

sums as (

    select
        source_system,
        unit,
        period_type,
        period_start,
        nullif(count(distinct case when is_mature then agent_key end), 0) as agent_count,
        {{ count_where('is_mature') }} as case_count,
        {{ count_where('is_marked') }} as marked_count,
        {{ count_where('not is_mature') }} as immature_count,
        count(distinct case when is_mature then x end) as week_count,
        max(case when is_mature then x end) - min(case when is_mature then x end) + 1 as window_weeks,
        {%- for name in measures %}
        sum({{ name }}_n) as {{ name }}_n,
        sum({{ name }}_n * x) as {{ name }}_nx,
        sum({{ name }}_n * x * x) as {{ name }}_nxx,
        sum({{ name }}_more) as {{ name }}_more,
        sum({{ name }}_more * x) as {{ name }}_more_x,
        sum({{ name }}_v) as {{ name }}_v,
        sum({{ name }}_v * x) as {{ name }}_vx,
        sum({{ name }}_v * x * x) as {{ name }}_vxx,
        {%- endfor %}
        sum(case when is_mature then both_share else 0 end) as expected
    from judged
    group by source_system, unit, period_type, period_start

),

-- least squares; all is times n, so that the mean week is no fraction
fitted as (

    select
        *
        {%- for name in measures %},
        {%- set n = "cast(" ~ name ~ "_n as " ~ type_double() ~ ")" %}
        {%- set nx = "cast(" ~ name ~ "_nx as " ~ type_double() ~ ")" %}
        {{ n }} * {{ name }}_more_x - {{ nx }} * {{ name }}_more as {{ name }}_tilt,
        {{ n }} * {{ name }}_nxx - {{ nx }} * {{ nx }} as {{ name }}_spread,
        {{ n }} * {{ n }} * {{ name }}_vxx - 2 * {{ n }} * {{ nx }} * {{ name }}_vx + {{ nx }} * {{ nx }} * {{ name }}_v
            as {{ name }}_variance
        {%- endfor %}
    from sums

),

slopes as (

    select
        *
        {%- for name in measures %},
        case
            when {{ name }}_spread > 0 and {{ name }}_variance > 0.5
                then {{ quotient(name ~ '_tilt', 'sqrt(' ~ name ~ '_variance)') }}
        end as {{ name }}_z,
        case
            when {{ name }}_spread > 0 then {{ quotient('window_weeks * ' ~ name ~ '_tilt', name ~ '_spread') }}
        end as {{ name }}_rise
        {%- endfor %}
    from fitted

),

-- the headline that rises more surely
headlines as (

    select
        *,
        case when met_z > quick_z then met_z else quick_z end as headline_z,
        case when met_z > quick_z then met_rise else quick_rise end as headline_rise
    from slopes

),

final as (

    select
        {{ detector_columns(
            'D23',
            cases='case_count',
            marked='marked_count',
            expected='expected',
            effect='least(headline_rise, back_rise)',
            z='case when back_z is not null and headline_z is not null then least(headline_z, back_z) end',
            reason="case when period_type = 'month' and immature_count > 0 then 'not mature'"
                ~ " when week_count < 8 then 'fewer than eight weeks' end",
        ) }}
    from headlines

)

select * from final
