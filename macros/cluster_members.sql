{#- What each customer, or other cluster, has of a cell of `cells_of`: an interval needs the sum of the clusters' squares, which
    do not add up over days. A select, to be written behind `cells_of`, whose period_kinds, unit_kinds and spans it
    reads: source_system, keys, period_type, period_start, unit_type, unit, the columns `by`, and the sums.

    events: CTE as for `cells_of`. by: columns of the cluster. sums: whole numbers to add up. unit_types: as there. -#}
{% macro cluster_members(
    events, by, sums, keys=[], unit_types=['total', 'team', 'queue', 'category', 'channel', 'account']
) -%}
    select
        events.source_system,
        {%- for column in keys + by %}
        events.{{ column }},
        {%- endfor %}
        period_kinds.period_type,
        {{ period_start_of('period_kinds', 'dates', 'spans') }} as period_start,
        unit_kinds.unit_type,
        {{ unit_of('events', unit_types) }} as unit
        {%- for measure in sums %},
        cast(sum(events.{{ measure }}) as bigint) as {{ measure }}
        {%- endfor %}
    from {{ events }} as events
    inner join {{ ref('dim_dates') }} as dates
        on events.event_on = dates.date_day
    inner join spans
        on events.source_system = spans.source_system
    cross join period_kinds
    cross join unit_kinds
    where {{ is_period_of('unit_kinds.unit_type', 'period_kinds.period_type') }}
    group by
        events.source_system,
        {%- for column in keys + by %}
        events.{{ column }},
        {%- endfor %}
        period_kinds.period_type,
        {{ period_start_of('period_kinds', 'dates', 'spans') }},
        unit_kinds.unit_type,
        {{ unit_of('events', unit_types) }}
{%- endmacro %}
