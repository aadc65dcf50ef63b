-- Grain: one field of one incident that changed; the first change of an incident also enters its first status.
-- A change is what a row says against the row before it. The tool's own counters and final times are not read.
{{ config(materialized='incremental', incremental_strategy='compared') }}

{%- set fields = {
    'status': 'status', 'assignee': 'assignee_key', 'team': 'team_id', 'priority': 'priority',
    'category': 'category', 'subcategory': 'subcategory',
} %}

with

changes as (

    select * from {{ ref('base_servicenow__incident_event_log') }}
    where fate = 'used'

),

compared as (

    select
        ticket_id,
        event_sequence,
        event_at,
        actor_key,
        {%- for field, column in fields.items() %}
        {{ column }} as {{ field }}_after,
        lag({{ column }}) over (
            partition by ticket_id order by event_sequence, event_at, {{ text_order('content_key') }}
        ) as {{ field }}_before,
        {%- endfor %}
        row_number() over (
            partition by ticket_id order by event_sequence, event_at, {{ text_order('content_key') }}
        ) as change_number
    from changes

),

fields as (

    {% for field in fields -%}
    select
        ticket_id,
        event_sequence,
        event_at,
        actor_key,
        '{{ field }}' as field,
        {{ field }}_before as old_value,
        {{ field }}_after as new_value
    from compared
    where
        {%- if field == 'status' %}
        {{ field }}_after is not null
        and {{ field }}_after is distinct from {{ field }}_before
        {%- else %}
        change_number > 1
        and {{ field }}_after is distinct from {{ field }}_before
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        'servicenow' as source_system,
        -- one change of the log holds each field once
        {{ dbt.concat([
            'ticket_id', "'/'", "coalesce(cast(event_sequence as varchar), '-')", "'/'",
            'cast(event_at as varchar)', "'/'", 'field',
        ]) }} as event_id,
        ticket_id,
        event_sequence,
        event_at,
        field,
        old_value,
        new_value,
        actor_key,
        -- the log does not say what kind of account made a change; the seed system_actors names the machines
        cast(null as varchar) as actor_type
    from fields

)

select * from final
