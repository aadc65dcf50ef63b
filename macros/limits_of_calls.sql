{#- Calls and the limits for their handle time. -#}

{#- Written behind `with`, it adds CTEs, the last of which is `limits`: source_system, limit_seconds, used_for, begun_at, ended_at, valid_from:
    a limit of all work from when it began to when it changed; one that was set anew at the same value goes on. begun_at and ended_at
    are never null, valid_from is where the source says so. -#}
{% macro call_limits() -%}
versions as (

    select
        source_system,
        target,
        used_for,
        valid_from,
        coalesce(valid_from, timestamp '1900-01-01 00:00:00') as begun_at,
        coalesce(valid_to, timestamp '9999-01-01 00:00:00') as ended_at
    from {{ ref('dim_targets') }}
    where
        {{ lowered(trimmed('metric')) }} in ('handle_time', 'aht', 'average_handle_time')
        and coalesce({{ lowered(trimmed('scope')) }}, 'all') in ('all', '')
        and coalesce(operator, '<=') = '<='
        and target >= 1

),

compared_versions as (

    select
        *,
        case
            when
                target = lag(target) over (partition by source_system order by begun_at, ended_at, target)
                and begun_at = lag(ended_at) over (partition by source_system order by begun_at, ended_at, target)
                then 0
            else 1
        end as is_another
    from versions

),

runs as (

    select
        *,
        sum(is_another) over (
            partition by source_system
            order by begun_at, ended_at, target
            rows between unbounded preceding and current row
        ) as run_number
    from compared_versions

),

limits as (

    select
        source_system,
        cast(floor(min(target)) as bigint) as limit_seconds,
        max(used_for) as used_for,
        min(begun_at) as begun_at,
        max(ended_at) as ended_at,
        min(valid_from) as valid_from
    from runs
    group by source_system, run_number

)
{%- endmacro %}

{#- The CTEs of call_limits, and `limited_calls`: each answered inbound call by voice as it came from the queue, for the limit in force
    (is_in_force) and for limits that came within half a year after it: what calls were like before. Columns are those of
    fct_contact_legs, handled_from, spoken_seconds (talk and hold), limit_seconds, begun_at of the limit. -#}
{% macro limited_calls() -%}
{{ call_limits() }},

answered_legs as (

    select
        *,
        coalesce(answered_at, started_at) as handled_from,
        talk_seconds + coalesce(hold_seconds, 0) as spoken_seconds
    from {{ ref('fct_contact_legs') }}
    where is_answered and direction = 'inbound' and channel = 'voice' and leg_position = 1 and team_id is not null

),

limited_calls as (

    select
        answered_legs.*,
        limits.limit_seconds,
        limits.begun_at,
        answered_legs.handled_from >= limits.begun_at as is_in_force
    from answered_legs
    inner join limits
        on
            answered_legs.source_system = limits.source_system
            and answered_legs.handled_from < limits.ended_at
            and answered_legs.handled_from >= limits.begun_at - interval '182' day

)
{%- endmacro %}

{#- Written behind `cells`, it adds CTEs, the last of which is `looked_at`: a row of calls_at_limits a cell, with its agent_count.
    Of two limits that hold at once it is the one whose z is greater. z: SQL over calls_at_limits. -#}
{% macro strongest_limit(z) -%}
-- of two limits at once the one that shows more
limits as (

    select
        *,
        row_number() over (
            partition by source_system, unit, period_type, period_start
            order by {{ z }} desc nulls last, limit_seconds asc
        ) as limit_rank
    from {{ ref('calls_at_limits') }}
    where is_declared

),

{{ first_limit() }}
{%- endmacro %}

{#- Written behind `cells` and `limits`, it adds `looked_at`: of each cell the limit of rank 1, with its agent_count. -#}
{% macro first_limit() -%}
looked_at as (

    select
        limits.*,
        cells.agent_count
    from limits
    inner join cells
        on
            limits.source_system = cells.source_system
            and limits.unit = cells.unit
            and limits.period_type = cells.period_type
            and limits.period_start is not distinct from cells.period_start
    where limits.limit_rank = 1

)
{%- endmacro %}
