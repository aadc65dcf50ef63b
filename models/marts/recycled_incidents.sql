-- Grain: family type x source system x period x unit x look-back. Of the incidents that were resolved, how many had been
-- resolved for the same person before, and how few families they are? By family and account: recurring_problems.
-- A look-back needs no maturity but history: cases of the first days, whose look-back lies before the data, are not judged.
-- cost: the cells of accounts, two family types and look-backs each; then the families, which no sum of cells gives.
{% set zone = var('reporting_time_zone') %}
{% set windows = [30, 90] %}
{% set sums = [
    'incident_count', 'resolved_incident_count', 'unplaced_count', 'no_history_count', 'case_count', 'recycled_count',
    'occurrence_count', 'account_recycled_count', 'unlinked_count', 'unlinked_recycled_count', 'measured_incident_count',
    'handle_seconds',
] %}
{% set unit_types = ['total', 'category', 'account'] %}

with

incidents as (

    select * from {{ ref('fct_incidents') }}

),

coverage as (

    select
        source_system,
        least(observed_until, as_of) as observed_until
    from {{ ref('dim_feed_coverage') }}
    where feed = 'tickets_opened'

),

look_backs as (

    select window_days
    from (
        values
        {%- for window in windows %}
        ({{ window }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (window_days)

),

beginnings as (

    select
        source_system,
        min(opened_at) as first_opened_at
    from incidents
    group by source_system

),

problems as (

    select * from {{ ref('fct_problems') }}

),

seen as (

    select
        incidents.*,
        look_backs.window_days,
        coverage.observed_until,
        cast({{ local_time('incidents.opened_at', zone) }} as date) as event_on,
        incidents.resolved_at is not null as is_resolved,
        {{ seconds_between('beginnings.first_opened_at', 'incidents.opened_at') }} >= look_backs.window_days * 86400
            as has_history,
        coalesce({{ seconds_between('incidents.previous_own_resolved_at', 'incidents.opened_at') }}
        <= look_backs.window_days * 86400, false) as is_recycled,
        coalesce({{ seconds_between('incidents.previous_resolved_at', 'incidents.opened_at') }}
        <= look_backs.window_days * 86400, false) as is_account_recycled,
        problems.problem_key is not null as has_problem,
        problems.closed_at is not null or problems.fix_deployed_at is not null as is_cause_removed
    from incidents
    cross join look_backs
    inner join beginnings
        on incidents.source_system = beginnings.source_system
    left join coverage
        on incidents.source_system = coverage.source_system
    left join problems
        on incidents.problem_key = problems.problem_key

),

events as (

    select
        source_system,
        family_type,
        window_days,
        event_on,
        observed_until,
        account_id,
        category,
        cast(null as varchar) as team_id,
        cast(null as varchar) as queue,
        cast(null as varchar) as channel,
        family_key,
        has_problem,
        is_cause_removed,
        1 as incident_count,
        case when is_resolved then 1 else 0 end as resolved_incident_count,
        case when is_resolved and is_new_case is null then 1 else 0 end as unplaced_count,
        case when is_resolved and is_new_case and not has_history then 1 else 0 end as no_history_count,
        case when is_resolved and is_new_case and has_history then 1 else 0 end as case_count,
        case when is_resolved and is_new_case and has_history and is_recycled then 1 else 0 end as recycled_count,
        case when is_resolved and is_new_occurrence and has_history then 1 else 0 end as occurrence_count,
        case when is_resolved and is_new_occurrence and has_history and is_account_recycled then 1 else 0 end
            as account_recycled_count,
        case when is_resolved and not has_problem then 1 else 0 end as unlinked_count,
        case when is_resolved and is_new_case and has_history and is_recycled and not has_problem then 1 else 0 end
            as unlinked_recycled_count,
        case when is_resolved and measured_contact_count > 0 then 1 else 0 end as measured_incident_count,
        case when is_resolved then coalesce(handle_seconds, 0) else 0 end as handle_seconds
    from seen

),

{{ cells_of('events', keys=['family_type', 'window_days'], sums=sums, unit_types=unit_types) }},

-- what cannot be added up: in how few families the recycled cases of a period lie. Only of families that ever had one.
recycled_families as (

    select distinct
        source_system,
        family_type,
        window_days,
        account_id,
        family_key
    from events
    where recycled_count > 0

),

{% set family = ['source_system', 'family_type', 'window_days', 'account_id', 'family_key'] -%}
{% set flags = ['has_problem', 'is_cause_removed'] -%}
family_parts as (

    select
        {%- for column in family %}
        events.{{ column }},
        {%- endfor %}
        coalesce(events.category, '(none)') as category,
        dates.week_start,
        dates.month_start,
        dates.fiscal_year_start,
        sum(events.recycled_count) as recycled_count
        {%- for flag in flags %},
        max(case when events.{{ flag }} then 1 else 0 end) as {{ flag }}
        {%- endfor %}
    from events
    inner join recycled_families
        on
            {%- for column in family %}
            {{ 'and ' if not loop.first }}events.{{ column }} = recycled_families.{{ column }}
            {%- endfor %}
    inner join {{ ref('dim_dates') }} as dates
        on events.event_on = dates.date_day
    group by
        {%- for column in family %}
        events.{{ column }},
        {%- endfor %}
        coalesce(events.category, '(none)'),
        dates.week_start,
        dates.month_start,
        dates.fiscal_year_start

),

-- a family is an account's, so that it is the same in the total and in its account
family_periods as (

    {% for by, start in {
        'week': 'parts.week_start', '28_days': "cast(parts.week_start - period_kinds.days_before * interval '1' day as date)",
        'month': 'parts.month_start', 'fiscal_year': 'parts.fiscal_year_start', 'to_date': 'spans.first_on',
    }.items() -%}
    {%- set last_period = loop.last -%}
    {%- for category in ["'(all)'", 'parts.category'] -%}
    select
        {%- for column in family %}
        parts.{{ column }},
        {%- endfor %}
        {{ "'category'" if category != "'(all)'" else "'total'" }} as unit_type,
        {{ category }} as unit,
        '{{ by }}' as period_type,
        {{ start }} as period_start,
        sum(parts.recycled_count) as recycled_count
        {%- for flag in flags %},
        max(parts.{{ flag }}) as {{ flag }}
        {%- endfor %}
    from family_parts as parts
    {%- if by == '28_days' %}
    inner join period_kinds
        on period_kinds.period_type = '28_days'
    {%- elif by == 'to_date' %}
    inner join spans
        on parts.source_system = spans.source_system
    {%- endif %}
    group by
        {%- for column in family %}
        parts.{{ column }},
        {%- endfor %}
        {%- if category != "'(all)'" %}
        {{ category }},
        {%- endif %}
        {{ start }}
    having sum(parts.recycled_count) > 0
    {{ 'union all' if not (loop.last and last_period) }}
    {% endfor %}
    {%- endfor %}
),

family_units as (

    select * from family_periods
    union all
    select
        {{ family | join(',
        ') }},
        'account' as unit_type,
        account_id as unit,
        period_type,
        period_start,
        recycled_count,
        {{ flags | join(',
        ') }}
    from family_periods
    where unit_type = 'total' and {{ is_period_of("'account'", 'period_type') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by unit_type, unit, source_system, family_type, window_days, period_type, period_start
            order by recycled_count desc, {{ text_order('account_id') }}, {{ text_order('family_key') }}
        ) as family_number
    from family_units

),

families as (

    select
        unit_type,
        unit,
        source_system,
        family_type,
        window_days,
        period_type,
        period_start,
        count(*) as recycled_family_count,
        cast(sum(case when family_number <= 10 then recycled_count else 0 end) as bigint) as top_ten_recycled_count,
        {{ count_where('has_problem = 0') }} as family_without_problem_count,
        {{ count_where('is_cause_removed = 0') }} as family_without_fix_count
    from ranked
    group by unit_type, unit, source_system, family_type, window_days, period_type, period_start

),

judged as (

    select
        *,
        -- the look-back lies behind: a period is complete once it was observed
        period_type = 'to_date'
        or coalesce(
            {{ seconds_between(utc_time('cast(period_end as timestamp)', zone), 'observed_until') }} >= 0, false
        ) as is_period_observed
    from cells

),

final as (

    select
        -- grain
        cells.family_type,
        cells.source_system,
        cells.period_type,
        cells.period_start,
        cells.unit_type,
        cells.unit,
        cast(cells.window_days as integer) as window_days,

        -- counts
        cells.period_end,
        cells.is_period_observed as is_period_mature,
        {%- for count in sums %}
        cells.{{ count }},
        {%- endfor %}
        {%- for count in [
            'recycled_family_count', 'top_ten_recycled_count', 'family_without_problem_count', 'family_without_fix_count',
        ] %}
        coalesce(families.{{ count }}, 0) as {{ count }},
        {%- endfor %}

        -- rates: null until the whole period was observed
        {%- for name, (count, whole) in {
            'resolved_share': ('cells.resolved_incident_count', 'cells.incident_count'),
            'recycled_share': ('cells.recycled_count', 'cells.case_count'),
            'account_recycled_share': ('cells.account_recycled_count', 'cells.occurrence_count'),
            'top_ten_share': ('families.top_ten_recycled_count', 'cells.recycled_count'),
            'unjudged_share': (
                '(cells.unplaced_count + cells.no_history_count)',
                '(cells.unplaced_count + cells.no_history_count + cells.case_count)',
            ),
        }.items() %}
        case when cells.is_period_observed then cast({{ ratio(count, whole) }} as decimal(9, 4)) end as {{ name }},
        {%- endfor %}
        {%- for side in ['low', 'high'] %}
        case
            when cells.is_period_observed then {{ wilson('cells.recycled_count', 'cells.case_count', side) }}
        end as recycled_share_{{ side }},
        {%- endfor %}
        cells.observed_until
    from judged as cells
    left join families
        on
            cells.unit_type = families.unit_type
            and cells.unit = families.unit
            and cells.source_system = families.source_system
            and cells.family_type = families.family_type
            and cells.window_days = families.window_days
            and cells.period_type = families.period_type
            and cells.period_start = families.period_start

)

select * from final
