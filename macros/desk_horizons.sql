{#- Until when a customer's next contact would have been seen: one row a source system, `observed_until`. It may come through any
    door of the desk. -#}
{% macro desk_horizons() -%}
    select
        own.source_system,
        least(min(coverage.observed_until), min(coverage.as_of)) as observed_until
    from {{ ref('int_desks') }} as own
    inner join {{ ref('int_desks') }} as other
        on own.desk = other.desk
    inner join {{ ref('dim_feed_coverage') }} as coverage
        on
            other.source_system = coverage.source_system
            and coverage.feed in ('tickets_opened', 'ticket_events', 'calls')
    group by own.source_system
{%- endmacro %}
