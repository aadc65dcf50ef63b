{#- How detectors are written. A detector is two models in models/marts/detectors: `cases_dNN_...`, a row for each case that is
    looked at, and `detector_dNN_...`, what is found in them by team and period. -#}

{#- The columns of a model of cases, in the order in which `gaming_evidence` reads them; others may follow.

    detector: 'D07'. happened_at: UTC. contact_key, ticket_key, survey_id: what the case is about; none: not about one.
    agent_key: who did it, so that a lone person is never judged; none where nobody knows. is_marked: whether the case is of the kind
        that the detector counts; evidence is drawn from these. -#}
{% macro case_columns(detector, happened_at, is_marked, team_id='team_id', contact_key=none, ticket_key=none, survey_id=none, agent_key=none) -%}
    '{{ detector }}' as detector,
    source_system,
    {{ team_id }} as team_id,
    {{ happened_at }} as happened_at,
    cast({{ local_time(happened_at, var('reporting_time_zone')) }} as date) as happened_on,
    cast({{ contact_key or 'null' }} as varchar) as contact_key,
    cast({{ ticket_key or 'null' }} as varchar) as ticket_key,
    cast({{ survey_id or 'null' }} as varchar) as survey_id,
    cast({{ agent_key or 'null' }} as varchar) as agent_key,
    coalesce({{ is_marked }}, false) as is_marked
{%- endmacro %}

{#- Cells of cases: team x month, and the team to date. Written behind `with`, it adds CTEs, the last of which is `cells`:
    source_system, unit (the team), period_type (`month`, `to_date`), period_start, case_count, marked_count, agent_count (null where no
    agent is known), first_at, last_at, and the sums. Cases without a team are left out: nobody could look into them.

    cases: name of a CTE or model with case_columns. keys: further columns of the grain, never null. sums: name -> SQL, added up; whole numbers.
    amounts: the same, decimals. -#}
{% macro detector_cells(cases, sums={}, amounts={}, keys=[]) -%}
cells as (

    select
        cases.source_system,
        cases.team_id as unit,
        kinds.period_type,
        case kinds.period_type when 'month' then dates.month_start end as period_start,
        {%- for key in keys %}
        cases.{{ key }},
        {%- endfor %}
        count(*) as case_count,
        {{ count_where('cases.is_marked') }} as marked_count,
        nullif(count(distinct cases.agent_key), 0) as agent_count,
        min(cases.happened_at) as first_at,
        max(cases.happened_at) as last_at
        {%- for name, measure in sums.items() %},
        cast(coalesce(sum({{ measure }}), 0) as bigint) as {{ name }}
        {%- endfor %}
        {%- for name, measure in amounts.items() %},
        cast(coalesce(sum({{ measure }}), 0) as decimal(38, 6)) as {{ name }}
        {%- endfor %}
    from {{ cases }} as cases
    inner join {{ ref('dim_dates') }} as dates
        on cases.happened_on = dates.date_day
    cross join (values ('month'), ('to_date')) as kinds (period_type)
    where cases.team_id is not null
    group by
        cases.source_system,
        cases.team_id,
        kinds.period_type,
        case kinds.period_type when 'month' then dates.month_start end
        {%- for key in keys %},
        cases.{{ key }}
        {%- endfor %}

)
{%- endmacro %}

{#- The select list of a detector, in the order in which `gaming_signals` unites them. The relation that is read has source_system, unit,
    period_type, period_start, agent_count.

    cases: how many were looked at; beside `min_n` of the catalogue it decides whether there is a status. marked: how many of the kind that is counted.
    expected: how many of that kind there would be if nobody responded, a decimal. effect: how much more there is, in the `effect_unit` of the catalogue, a decimal.
    z: how surprising that is, a decimal, about standard normal where nothing is amiss. Null: not evaluable.
    reason: why it cannot be evaluated, SQL; null where it can. target: [metric, value, used_for, valid_from], SQL: the
        target in force; none: the detector needs none. -#}
{% macro detector_columns(detector, cases, marked, expected, effect, z, reason='null', target=none) -%}
    {%- set target = target or ['null', 'null', 'null', 'null'] -%}
    '{{ detector }}' as detector,
    source_system,
    unit,
    period_type,
    period_start,
    cast(agent_count as bigint) as agent_count,
    cast({{ cases }} as bigint) as case_count,
    cast({{ marked }} as bigint) as marked_count,
    cast({{ expected }} as decimal(18, 6)) as expected_count,
    cast({{ effect }} as decimal(18, 6)) as effect,
    cast({{ z }} as decimal(18, 6)) as z,
    cast({{ reason }} as varchar) as reason,
    cast({{ target[0] }} as varchar) as target_metric,
    cast({{ target[1] }} as decimal(18, 4)) as target,
    cast({{ target[2] }} as varchar) as target_used_for,
    cast({{ target[3] }} as timestamp) as target_valid_from
{%- endmacro %}

{#- Team and assignee of a ticket at a moment. Written behind `with`, it adds a CTE `hands` with all columns of the relation, and
    team_id, agent_key (null: nobody). Both are those in force just before, where they change at that moment.

    cases: name of a CTE with ticket_key and a key of its own. key: that key. happened_at: column. -#}
{% macro hands_at(cases, key, happened_at) -%}
hands_then as (

    select
        cases.{{ key }},
        max(case when intervals.field = 'team' then intervals.value end) as team_id,
        max(case when intervals.field = 'assignee' then intervals.assignee_key end) as agent_key
    from {{ cases }} as cases
    inner join {{ ref('fct_ticket_intervals') }} as intervals
        on
            cases.ticket_key = intervals.ticket_key
            and intervals.field in ('team', 'assignee')
            and intervals.started_at < cases.{{ happened_at }}
            and (intervals.ended_at is null or intervals.ended_at >= cases.{{ happened_at }})
    group by cases.{{ key }}

),

hands as (

    select
        cases.*,
        hands_then.team_id,
        hands_then.agent_key
    from {{ cases }} as cases
    left join hands_then
        on cases.{{ key }} = hands_then.{{ key }}

)
{%- endmacro %}
