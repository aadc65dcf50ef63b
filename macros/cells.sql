{#- Cells of a mart: sums of events by period and unit, with a filled calendar. Written behind `with`, it adds CTEs, the last
    of which is `cells`: source_system, the keys, period_type, period_start, period_end, unit_type, unit, observed_until,
    is_period_mature, and the sums and amounts.

    events: name of a CTE of the same query with one row per event, or per sums of some events of a day: source_system,
        event_on (day of the reporting zone), observed_until (UTC; null: never mature), team_id, queue, category, channel,
        account_id (null where there is none; those of the unit types asked for), the keys, the sums and the amounts. Of another
        business function it has `unit`, for the unit type `unit`.
    keys: further columns of the grain, never null. With `window_days` among them a period is mature once its last event's window was
        observed, else once the period itself was.
    sums: columns to add up, whole numbers. amounts: the same, decimals. A quiet cell has zeros.
    unit_types, period_types: which of them. Where overlapping periods would give away a suppressed cell, name one.

    Each unit has every period from its first event to the last event of its system; an account those of the variable
    account_period_types, since a week of one account holds a handful of events. Units that are not named are `(none)`,
    so that units add up to the total; a type of unit of which a system names none has no rows. `28_days` begins on each
    Monday, so these overlap; `to_date` is everything so far. -#}
{% macro cells_of(
    events, keys=[], sums=[], amounts=[],
    unit_types=['total', 'team', 'queue', 'category', 'channel', 'account'],
    period_types=['week', '28_days', 'month', 'fiscal_year', 'to_date']
) -%}
{{ parts_of(events, keys, sums, amounts, unit_types, period_types) }},

{{ cells_of_parts('unit_parts', keys, sums, amounts, unit_types, period_types) }}
{%- endmacro %}

{#- The first half of cells_of, where sums are added that follow from other parts. The last of its CTEs is `unit_parts`: the
    events of a unit on those days of a week that lie in one month, which is the smallest part of the calendar that weeks and
    months are made of. by: further columns of the events that tell parts apart, never null. -#}
{% macro parts_of(events, keys, sums, amounts, unit_types, period_types, by=[]) -%}
{%- set grain = ['source_system'] + keys + by -%}
{%- set wide = unit_types | reject('equalto', 'account') | list -%}
{%- set is_grouped = 'account' in unit_types and wide | length > 1 -%}
{%- set groups = grain | list -%}
{%- for unit_type in wide -%}
    {%- do groups.append('of_' ~ unit_type) -%}
{%- endfor -%}
period_kinds as (

    select period_type, days_before
    from (
        values
        {%- for period_type in period_types %}
        {%- if period_type == '28_days' %}
        ('28_days', 0), ('28_days', 7), ('28_days', 14), ('28_days', 21)
        {%- else %}
        ('{{ period_type }}', 0)
        {%- endif %}{{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (period_type, days_before)

),

unit_kinds as (

    select unit_type
    from (values {% for unit_type in unit_types %}('{{ unit_type }}'){{ ', ' if not loop.last }}{% endfor %}) as listed (unit_type)

),

-- each event is read once; one of no day is nowhere
placed_events as (

    select
        {%- for column in grain %}
        events.{{ column }},
        {%- endfor %}
        {%- for unit_type in unit_types %}
        {{ unit_named('events', unit_type) }} as of_{{ unit_type }},
        {%- endfor %}
        {%- for measure in sums + amounts %}
        events.{{ measure }},
        {%- endfor %}
        events.event_on as first_on,
        events.event_on as last_on,
        events.observed_until,
        {{ week_of('events.event_on') }} as week_start,
        {{ month_of('events.event_on') }} as month_start
    from {{ events }} as events
    where events.event_on is not null

),

{% if is_grouped -%}
-- accounts are many, all else is few: its types of unit are added up from what is left without accounts
unit_groups as (

    select
        {{ groups | join(', ') }},
        week_start,
        month_start,
        min(first_on) as first_on,
        max(last_on) as last_on,
        {{ summed_up(sums, amounts) }}
    from placed_events
    group by {{ groups | join(', ') }}, week_start, month_start

),

{% endif -%}
unit_parts as (

    {% for unit_type in unit_types -%}
    select
        {{ grain | join(', ') }},
        '{{ unit_type }}' as unit_type,
        of_{{ unit_type }} as unit,
        {{ 'week_start' if has_weeks_of(unit_type) else 'cast(null as date) as week_start' }},
        month_start,
        min(first_on) as first_on,
        max(last_on) as last_on,
        {{ summed_up(sums, amounts) }}
    from {{ 'unit_groups' if is_grouped and unit_type != 'account' else 'placed_events' }}
    group by
        {{ grain | join(', ') }}, of_{{ unit_type }},
        {{ 'week_start, ' if has_weeks_of(unit_type) }}month_start
    {{ 'union all' if not loop.last }}
    {% endfor %}
)
{%- endmacro %}

{#- The second half of cells_of. parts: as `unit_parts`. -#}
{% macro cells_of_parts(parts, keys, sums, amounts, unit_types, period_types) -%}
{%- set grain = ['source_system'] + keys + ['unit_type', 'unit'] -%}
{%- set has_weeks = 'week' in period_types or '28_days' in period_types -%}
{%- set has_months = 'month' in period_types or 'fiscal_year' in period_types or 'to_date' in period_types -%}
spans as (

    select
        source_system,
        min(first_on) as first_on,
        max(last_on) as last_on
    from {{ parts }}
    group by source_system

),

calendar as (

    select distinct
        spans.source_system,
        period_kinds.period_type,
        {{ period_start_of('period_kinds', 'dates', 'spans') }} as period_start
    from {{ ref('dim_dates') }} as dates
    inner join spans
        on dates.date_day between spans.first_on and spans.last_on
    cross join period_kinds
    where period_kinds.days_before = 0

),

periods as (

    select
        calendar.*,
        cast(
            case calendar.period_type
                when 'week' then calendar.period_start + interval '7' day
                when '28_days' then calendar.period_start + interval '28' day
                when 'month' then calendar.period_start + interval '1' month
                when 'fiscal_year' then calendar.period_start + interval '1' year
                else spans.last_on + interval '1' day
            end as date
        ) as period_end
    from calendar
    inner join spans
        on calendar.source_system = spans.source_system

),

-- the clock of the zone is asked once a period, not once a cell
period_ends as (

    select
        *,
        {{ utc_time('cast(period_end as timestamp)', var('reporting_time_zone')) }} as ends_at
    from periods

),

named_unit_types as (

    select distinct
        source_system,
        unit_type
    from {{ parts }}
    where unit <> '(none)'

),

units as (

    select
        {%- for column in grain %}
        parts.{{ column }},
        {%- endfor %}
        min(parts.first_on) as first_on
    from {{ parts }} as parts
    inner join named_unit_types
        on
            parts.source_system = named_unit_types.source_system
            and parts.unit_type = named_unit_types.unit_type
    group by
        {%- for column in grain %}
        parts.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

),

horizons as (

    select
        source_system,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        case when count(*) = count(observed_until) then min(observed_until) end as observed_until
    from {{ parts }}
    group by {{ (['source_system'] + keys) | join(', ') }}

),

{% if has_weeks -%}
unit_weeks as (

    select
        {%- for column in grain %}
        {{ column }},
        {%- endfor %}
        week_start,
        {{ summed_up(sums, amounts) }}
    from {{ parts }}
    where week_start is not null
    group by {{ grain | join(', ') }}, week_start

),

{% endif -%}
{% if has_months -%}
unit_months as (

    select
        {%- for column in grain %}
        {{ column }},
        {%- endfor %}
        month_start,
        {{ fiscal_year_of('month_start') }} as fiscal_year_start,
        {{ summed_up(sums, amounts) }}
    from {{ parts }}
    group by {{ grain | join(', ') }}, month_start

),

{% endif -%}
unit_periods as (

    {% for period_type in period_types -%}
    {%- set start = {
        'week': 'parts.week_start',
        '28_days': "cast(parts.week_start - period_kinds.days_before * interval '1' day as date)",
        'month': 'parts.month_start',
        'fiscal_year': 'parts.fiscal_year_start',
        'to_date': 'spans.first_on',
    }[period_type] -%}
    {%- set is_whole = period_type in ['week', 'month'] -%}
    select
        {%- for column in grain %}
        parts.{{ column }},
        {%- endfor %}
        '{{ period_type }}' as period_type,
        {{ start }} as period_start,
        {% if is_whole -%}
        parts.observed_until
        {%- for measure in sums + amounts %},
        parts.{{ measure }}
        {%- endfor %}
        {%- else -%}
        {{ summed_up(sums, amounts, 'parts.') }}
        {%- endif %}
    from {{ 'unit_weeks' if period_type in ['week', '28_days'] else 'unit_months' }} as parts
    {%- if period_type == '28_days' %}
    inner join period_kinds
        on period_kinds.period_type = '28_days'
    {%- elif period_type == 'to_date' %}
    inner join spans
        on parts.source_system = spans.source_system
    {%- endif %}
    {%- if not is_whole %}
    group by
        {%- for column in grain %}
        parts.{{ column }},
        {%- endfor %}
        {{ start }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

filled as (

    select
        units.source_system,
        {%- for key in keys %}
        units.{{ key }},
        {%- endfor %}
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.ends_at,
        units.unit_type,
        units.unit,
        case when unit_periods.unit is null then horizons.observed_until else unit_periods.observed_until end
            as observed_until
        {%- for measure in sums %},
        coalesce(unit_periods.{{ measure }}, 0) as {{ measure }}
        {%- endfor %}
        {%- for measure in amounts %},
        -- the same digits in a quiet cell on every engine
        cast(coalesce(unit_periods.{{ measure }}, 0) as decimal(38, 4)) as {{ measure }}
        {%- endfor %}
    from units
    inner join period_ends as periods
        on
            units.source_system = periods.source_system
            and units.first_on < periods.period_end
            and {{ is_period_of('units.unit_type', 'periods.period_type') }}
    inner join horizons
        on
            units.source_system = horizons.source_system
            {%- for key in keys %}
            and units.{{ key }} = horizons.{{ key }}
            {%- endfor %}
    left join unit_periods
        on
            units.source_system = unit_periods.source_system
            {%- for key in keys %}
            and units.{{ key }} = unit_periods.{{ key }}
            {%- endfor %}
            and units.unit_type = unit_periods.unit_type
            and units.unit = unit_periods.unit
            and periods.period_type = unit_periods.period_type
            and periods.period_start = unit_periods.period_start

),

cells as (

    select
        source_system,
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        period_type,
        period_start,
        period_end,
        unit_type,
        unit,
        observed_until
        {%- for measure in sums + amounts %},
        {{ measure }}
        {%- endfor %},
        period_type = 'to_date'
        or coalesce(
            {{ seconds_between('ends_at', 'observed_until') }}
            >= {{ 'window_days * 86400' if 'window_days' in keys else 0 }},
            false
        ) as is_period_mature
    from filled

)
{%- endmacro %}

{#- Whether units of a type have periods of a type: all of them, but of accounts only those of account_period_types. -#}
{% macro has_periods(unit_type, period_type) -%}
    {{ return(unit_type != 'account' or period_type in var('account_period_types')) }}
{%- endmacro %}

{% macro has_weeks_of(unit_type) -%}
    {{ return(has_periods(unit_type, 'week') or has_periods(unit_type, '28_days')) }}
{%- endmacro %}

{#- The same as a condition on two columns. -#}
{% macro is_period_of(unit_type, period_type) -%}
    ({{ unit_type }} <> 'account' or {{ period_type }} in ('{{ var('account_period_types') | join("', '") }}'))
{%- endmacro %}

{#- The columns of parts added up: until when all of them were observed, and the sums and amounts. -#}
{% macro summed_up(sums, amounts, relation='') -%}
    case when count(*) = count({{ relation }}observed_until) then min({{ relation }}observed_until) end as observed_until
        {%- for measure in sums %},
        cast(sum({{ relation }}{{ measure }}) as bigint) as {{ measure }}
        {%- endfor %}
        {%- for measure in amounts %},
        cast(sum({{ relation }}{{ measure }}) as decimal(38, 4)) as {{ measure }}
        {%- endfor %}
{%- endmacro %}

{#- First day of the period of a kind in which a day lies; `28_days` lie over each other, so that there are four. -#}
{% macro period_start_of(period_kinds, dates, spans) -%}
    cast(
            case {{ period_kinds }}.period_type
                when 'week' then {{ dates }}.week_start
                when '28_days' then {{ dates }}.week_start - {{ period_kinds }}.days_before * interval '1' day
                when 'month' then {{ dates }}.month_start
                when 'fiscal_year' then {{ dates }}.fiscal_year_start
                else {{ spans }}.first_on
            end as date
        )
{%- endmacro %}

{#- Which unit of a type a row belongs to, behind `unit_kinds`: what has none is `(none)`. -#}
{% macro unit_of(relation, unit_types) -%}
    case unit_kinds.unit_type
            {%- for unit_type in unit_types %}
            when '{{ unit_type }}' then {{ unit_named(relation, unit_type) }}
            {%- endfor %}
        end
{%- endmacro %}

{#- The unit of one type; the total leaves nobody out. -#}
{% macro unit_named(relation, unit_type) -%}
    {%- set unit_columns = {'team': 'team_id', 'account': 'account_id'} -%}
    {%- if unit_type == 'total' -%}
    '(all)'
    {%- else -%}
    coalesce({{ relation }}.{{ unit_columns.get(unit_type, unit_type) }}, '(none)')
    {%- endif -%}
{%- endmacro %}
