-- Grain: one value that a field of a ticket took. The layout has no old values and no sequence: what a field was before is
-- its row before, and the time orders, of which a field has one row.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

changes as (

    select * from {{ ref('base_zendesk__ticket_field_history') }}
    where fate = 'used'

),

users as (

    select * from {{ ref('base_zendesk__user') }}
    where fate = 'used'

),

teams as (

    {{ zendesk_teams() }}

),

named as (

    select
        changes.ticket_id,
        changes.field_name,
        changes.event_at,
        case changes.field_name
            {%- for name, field in zendesk_fields().items() %}
            when '{{ name }}' then '{{ field }}'
            {%- endfor %}
        end as field,
        coalesce(teams.team_id, changes.value) as new_value,
        changes.actor_key,
        {{ zendesk_actor_type('changes.actor_key', 'changes.via_channel', 'users.role') }} as actor_type
    from changes
    left join users
        on changes.actor_key = users.user_key
    left join teams
        on
            changes.field_name = 'group_id'
            and changes.value = teams.group_id

),

final as (

    select
        'zendesk' as source_system,
        {{ dbt.concat(['ticket_id', "'/'", 'cast(event_at as varchar)', "'/'", 'field_name']) }} as event_id,
        ticket_id,
        event_at,
        field,
        new_value,
        cast(null as bigint) as event_sequence,
        lag(new_value) over (partition by ticket_id, field_name order by event_at) as old_value,
        actor_key,
        actor_type
    from named

)

select * from final
