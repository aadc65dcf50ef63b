-- Grain: one change of status or team of an interaction or incident.
-- An interaction is the customer's side of its incident: it closes with it, but the tool leaves it closed when the
-- incident is reopened. What the customer was told is contradicted all the same, so the reopening is the interaction's
-- as well.
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

activities as (

    select
        *,
        lag(team_id) over (partition by ticket_id order by happened_at, {{ text_order('activity_id') }}) as team_before
    from {{ ref('base_service_manager__incident_activities') }}
    where fate = 'used'

),

-- several interactions may share an incident; an interaction of several incidents names none of them
pairs as (

    select
        interactions.ticket_id,
        incidents.reopened_at,
        incidents.resolved_at
    from interactions
    inner join incidents
        on
            interactions.incident_id = incidents.ticket_id
            and interactions.closed_at < incidents.reopened_at
    union
    select
        interactions.ticket_id,
        incidents.reopened_at,
        incidents.resolved_at
    from interactions
    inner join incidents
        on
            interactions.ticket_id = incidents.interaction_id
            and interactions.closed_at < incidents.reopened_at

),

-- numbered, since times of minutes do not tell an opening from the closing after it
statuses as (

    select
        ticket_id,
        ticket_id || '/1/opened' as event_id,
        created_at as event_at,
        'Open' as new_value
    from interactions
    union all
    select
        ticket_id,
        ticket_id || '/2/closed' as event_id,
        closed_at as event_at,
        'Closed' as new_value
    from interactions
    union all
    select
        ticket_id,
        ticket_id || '/3/reopened' as event_id,
        max(reopened_at) as event_at,
        'Reopened' as new_value
    from pairs
    group by ticket_id
    union all
    select
        ticket_id,
        ticket_id || '/4/resolved' as event_id,
        max(resolved_at) as event_at,
        'Resolved' as new_value
    from pairs
    where resolved_at >= reopened_at
    group by ticket_id
    union all
    select
        ticket_id,
        ticket_id || '/1/opened' as event_id,
        created_at as event_at,
        'Open' as new_value
    from incidents
    union all
    select
        ticket_id,
        ticket_id || '/2/reopened' as event_id,
        reopened_at as event_at,
        'Reopened' as new_value
    from incidents
    union all
    select
        ticket_id,
        ticket_id || '/3/resolved' as event_id,
        resolved_at as event_at,
        'Resolved' as new_value
    from incidents
    union all
    select
        ticket_id,
        ticket_id || '/4/closed' as event_id,
        closed_at as event_at,
        'Closed' as new_value
    from incidents
    union all
    select
        ticket_id,
        ticket_id || '/5/' || activity_id as event_id,
        happened_at as event_at,
        case activity_type when 'closed' then 'Closed' else 'Reopened' end as new_value
    from activities
    where activity_type in ('closed', 'reopen')

),

changes as (

    select
        ticket_id,
        event_id,
        event_at,
        'status' as field,
        cast(null as varchar) as old_value,
        new_value
    from statuses
    union all
    select
        ticket_id,
        ticket_id || '/5/' || activity_id || '/team' as event_id,
        happened_at as event_at,
        'team' as field,
        team_before as old_value,
        team_id as new_value
    from activities
    where team_id is distinct from team_before

),

known as (

    select ticket_id from interactions
    union
    select ticket_id from incidents

),

final as (

    select
        'service_manager' as source_system,
        changes.event_id,
        changes.ticket_id,
        changes.event_at,
        changes.field,
        changes.new_value,
        cast(null as bigint) as event_sequence,
        changes.old_value,
        cast(null as varchar) as actor_key,
        cast(null as varchar) as actor_type
    from changes
    -- activities of incidents that are not in the export wait for them
    inner join known
        on changes.ticket_id = known.ticket_id
    where
        changes.event_at is not null
        {%- if var('as_of') is not none %}
        and changes.event_at <= cast('{{ var("as_of") }}' as timestamp)
        {%- endif %}

)

select * from final
