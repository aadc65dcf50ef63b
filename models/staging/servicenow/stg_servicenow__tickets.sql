-- Grain: one incident, as its last used change leaves it.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

changes as (

    select * from {{ ref('base_servicenow__incident_event_log') }}
    where fate = 'used'

),

ordered as (

    select
        *,
        row_number() over (
            partition by ticket_id order by event_sequence desc, event_at desc, {{ text_order('content_key') }} desc
        ) as changes_from_last,
        max(event_at) over (partition by ticket_id) as last_changed_at
    from changes

),

final as (

    select
        'servicenow' as source_system,
        ticket_id,
        created_at,
        last_changed_at as updated_at,
        requester_key,
        cast(null as varchar) as requested_for_key,
        cast(null as varchar) as account_id,
        channel,
        'incident' as ticket_type,
        category,
        subcategory,
        cast(null as varchar) as category_at_open,
        priority,
        status,
        assignee_key,
        team_id,
        resolution_code,
        cast(null as varchar) as created_by_actor_type,
        cast(null as varchar) as closed_by_actor_type,
        configuration_item,
        problem_id,
        parent_ticket_id,
        cast(null as varchar) as duplicate_of,
        cast(null as varchar) as merged_into,
        cast(null as varchar) as follow_up_of,
        cast(null as boolean) as is_test,
        cast(null as boolean) as reported_first_contact_resolution,
        cast(null as varchar) as sla_policy_id,
        tool_resolved_at,
        tool_closed_at,
        tool_reopen_count
    from ordered
    where changes_from_last = 1

)

select * from final
