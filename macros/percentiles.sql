{#- Percentiles of a mart, nearest rank: the smallest value that at least p % of the values do not exceed. They do not add
    up, so they are counted anew in each cell. Written behind cells_of, in the same `with`: it uses its CTEs, and adds some,
    the last of which is `percentiles` with the grain of `cells` and a column `<value>_p<percent>` for each.

    events, keys: as in cells_of. values: column -> condition, SQL: which events count. A null among them stands for what has
        not happened yet: it is longer than all others, and a percentile that falls on it is null. months_only: unit types
        that have no other period. -#}
{% macro percentiles_of(
    events, values, keys=[], percents=[50, 90],
    unit_types=['total', 'team', 'queue', 'category', 'channel', 'account'],
    months_only=[]
) -%}
{%- set cell = ['source_system'] + keys -%}
{#- stands for a null, which an ordered aggregate would leave out -#}
{%- set never = 'cast(9007199254740991 as bigint)' -%}
value_events as (

    select
        events.source_system,
        {%- for key in keys %}
        events.{{ key }},
        {%- endfor %}
        {%- for unit_type in unit_types %}
        {{ unit_named('events', unit_type) }} as of_{{ unit_type }},
        {%- endfor %}
        dates.week_start,
        dates.month_start,
        dates.fiscal_year_start,
        spans.first_on
        {%- for value, condition in values.items() %},
        case when {{ condition }} then coalesce({{ value }}, {{ never }}) end as {{ value }}
        {%- endfor %}
    from {{ events }} as events
    inner join {{ ref('dim_dates') }} as dates
        on events.event_on = dates.date_day
    inner join spans
        on events.source_system = spans.source_system
    where
        {%- for condition in values.values() %}
        ({{ condition }}){{ ' or' if not loop.last }}
        {%- endfor %}

),

-- one kind of period and unit after the other: an aggregate holds all its values in memory
ranked_values as (

    {% for unit_type in unit_types -%}
    {%- set outer_first = loop.first -%}
    {%- for period_type, start in {
        'to_date': 'first_on', 'week': 'week_start',
        '28_days': "cast(week_start - period_kinds.days_before * interval '1' day as date)", 'month': 'month_start',
        'fiscal_year': 'fiscal_year_start',
    }.items() if has_periods(unit_type, period_type) and (period_type == 'month' or unit_type not in months_only) -%}
    {{ 'union all' if not (loop.first and outer_first) }}
    select
        {{ cell | join(',\n        ') }},
        '{{ unit_type }}' as unit_type,
        of_{{ unit_type }} as unit,
        '{{ period_type }}' as period_type,
        {{ start }} as period_start
        {%- for value in values %},
        {{ values_at(value, value, percents) }}
        {%- endfor %}
    from value_events
    {%- if period_type == '28_days' %}
    inner join period_kinds
        on period_kinds.period_type = '28_days'
    {%- endif %}
    group by {{ cell | join(', ') }}, of_{{ unit_type }}, {{ start }}
    {% endfor %}
    {%- endfor %}
),

percentiles as (

    select
        {{ (cell + ['unit_type', 'unit', 'period_type', 'period_start']) | join(',\n        ') }}
        {%- for value in values %}
        {%- for percent in percents %},
        nullif(cast({{ value_at(value, percents, percent) }} as bigint), {{ never }}) as {{ value }}_p{{ percent }}
        {%- endfor %}
        {%- endfor %}
    from ranked_values

)
{%- endmacro %}
