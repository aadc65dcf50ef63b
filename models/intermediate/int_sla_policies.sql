-- Grain: one metric of one policy: what stops its clock, its target, the calendar that it counts in.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

unioned as (

    {{ union_systems('sla_policies') }}

),

named as {{ computed_once() }} (

    select
        *,
        translate({{ lowered(trimmed('metric')) }}, ' -', '__') as metric_word
    from unioned

),

-- a metric that is written in two ways is one
numbered as (

    select
        *,
        row_number() over (
            partition by source_system, policy_id, metric_word
            order by
                target_minutes nulls last, {{ text_order('calendar_id') }} nulls last,
                {{ text_order('pausing_statuses') }} nulls last, {{ text_order('metric') }}
        ) as row_of_metric
    from named

),

final as (

    select
        numbered.source_system || ':' || numbered.policy_id as policy_key,
        numbered.source_system,
        numbered.policy_id,
        numbered.metric_word as metric,
        metrics.metric_rank,
        coalesce(metrics.stopped_by, 'none') as stopped_by,
        numbered.target_minutes * 60 as target_seconds,
        numbered.calendar_id,
        -- null as well where it is named, and nobody knows its hours
        calendars.calendar_key,
        numbered.calendar_id is null as is_around_the_clock,
        numbered.pausing_statuses
    from numbered
    left join {{ ref('sla_metrics') }} as metrics
        on numbered.metric_word = metrics.metric
    left join {{ ref('int_calendars') }} as calendars
        on
            numbered.source_system = calendars.source_system
            and numbered.calendar_id = calendars.calendar_id
            and calendars.is_readable
    where numbered.row_of_metric = 1

)

select * from final
