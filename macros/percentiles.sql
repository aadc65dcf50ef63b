{#- Percentiles of a mart, nearest rank: the smallest value that at least p % of the values do not exceed. They do not add
    up, so they are counted anew in each cell. Written behind cells_of, in the same `with`: it uses its CTEs, and adds some,
    the last of which is `percentiles` with the grain of `cells` and a column `<value>_p<percent>` for each.

    events, keys: as in cells_of. values: column -> condition, SQL: which events count. A null among them stands for what has
        not happened yet: it is longer than all others, and a percentile that falls on it is null. -#}
{% macro percentiles_of(events, values, keys=[], percents=[50, 90], unit_types=['total', 'team', 'queue', 'category', 'channel', 'account']) -%}
{%- set cell = ['source_system'] + keys + ['unit_type', 'unit', 'period_type', 'period_start'] -%}
value_rows as (

    {% for value, condition in values.items() -%}
    select
        source_system,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        event_on,
        team_id,
        queue,
        category,
        channel,
        account_id,
        '{{ value }}' as measure,
        {{ value }} as measured
    from {{ events }}
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

value_cells as (

    select
        value_rows.source_system,
        {%- for key in keys %}
        value_rows.{{ key }},
        {%- endfor %}
        unit_kinds.unit_type,
        {{ unit_of('value_rows', unit_types) }} as unit,
        period_kinds.period_type,
        {{ period_start_of('period_kinds', 'dates', 'spans') }} as period_start,
        value_rows.measure,
        value_rows.measured
    from value_rows
    inner join {{ ref('dim_dates') }} as dates
        on value_rows.event_on = dates.date_day
    inner join spans
        on value_rows.source_system = spans.source_system
    cross join unit_kinds
    cross join period_kinds

),

-- equal values once: waits of seconds are few, so that little is left to sort
value_counts as (

    select
        {{ cell | join(',\n        ') }},
        measure,
        measured,
        count(*) as value_count
    from value_cells
    group by {{ cell | join(', ') }}, measure, measured

),

value_ranks as (

    select
        *,
        sum(value_count) over (
            partition by {{ cell | join(', ') }}, measure order by measured nulls last
            rows between unbounded preceding and current row
        ) as up_to_count,
        sum(value_count) over (partition by {{ cell | join(', ') }}, measure) as all_count
    from value_counts

),

percentiles as (

    select
        {{ cell | join(',\n        ') }}
        {%- for value in values %}
        {%- for percent in percents %},
        cast(
            min(
                case
                    when measure = '{{ value }}' and 100 * up_to_count >= {{ percent }} * all_count then measured
                end
            ) as bigint
        ) as {{ value }}_p{{ percent }}
        {%- endfor %}
        {%- endfor %}
    from value_ranks
    group by {{ cell | join(', ') }}

)
{%- endmacro %}
