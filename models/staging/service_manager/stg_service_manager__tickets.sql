-- Grain: one interaction of the desk, or one incident behind it. Whose they are, the log does not say.
{{ config(
    materialized='incremental', incremental_strategy='compared', enabled='service_manager' in var('source_systems')
) }}

with

interactions as (

    select * from {{ ref('base_service_manager__interactions') }}
    where fate = 'used'

),

incidents as (

    select * from {{ ref('base_service_manager__incidents') }}
    where fate = 'used'

),

teams as (

    select
        ticket_id,
        team_id,
        row_number() over (
            partition by ticket_id order by happened_at desc, {{ text_order('activity_id') }} desc
        ) as activities_from_last
    from {{ ref('base_service_manager__incident_activities') }}
    where fate = 'used' and team_id is not null

),

tickets as (

    select
        ticket_id,
        kind,
        status,
        priority,
        category,
        configuration_item,
        resolution_code,
        cast(null as varchar) as follow_up_of,
        is_first_call_resolution,
        created_at,
        cast(null as timestamp) as resolved_at,
        closed_at,
        -- the tool leaves an interaction closed
        0 as reopen_count
    from interactions
    union all
    select
        ticket_id,
        kind,
        status,
        priority,
        category,
        configuration_item,
        resolution_code,
        interaction_id as follow_up_of,
        cast(null as boolean) as is_first_call_resolution,
        created_at,
        resolved_at,
        closed_at,
        case when reopened_at is not null then 1 else 0 end as reopen_count
    from incidents

),

final as (

    select
        'service_manager' as source_system,
        tickets.ticket_id,
        tickets.created_at,
        cast(null as varchar) as requester_key,
        cast(null as varchar) as channel,
        tickets.category,
        tickets.status,
        cast(null as timestamp) as updated_at,
        cast(null as varchar) as account_id,
        cast(null as varchar) as requested_for_key,
        case when tickets.kind = 'request for information' then 'request' else 'incident' end as ticket_type,
        tickets.configuration_item as subcategory,
        cast(null as varchar) as category_at_open,
        tickets.priority,
        cast(null as varchar) as assignee_key,
        teams.team_id,
        tickets.resolved_at as tool_resolved_at,
        tickets.closed_at as tool_closed_at,
        tickets.resolution_code,
        cast(null as varchar) as created_by_actor_type,
        cast(null as varchar) as closed_by_actor_type,
        tickets.configuration_item,
        cast(null as varchar) as problem_id,
        cast(null as varchar) as parent_ticket_id,
        cast(null as varchar) as duplicate_of,
        cast(null as varchar) as merged_into,
        tickets.follow_up_of,
        cast(null as boolean) as is_test,
        tickets.is_first_call_resolution as reported_first_contact_resolution,
        cast(null as varchar) as sla_policy_id,
        tickets.reopen_count as tool_reopen_count
    from tickets
    left join teams
        on
            tickets.ticket_id = teams.ticket_id
            and teams.activities_from_last = 1

)

select * from final
