-- Grain: one agent, in the group of today: the default one, else the only one. Zendesk keeps no history of groups.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

users as (

    select * from {{ ref('base_zendesk__user') }}
    where fate = 'used' and {{ lowered('role') }} in ('agent', 'admin')

),

teams as (

    {{ zendesk_teams() }}

),

memberships as (

    select
        user_key,
        case when count(distinct group_id) = 1 then min(group_id) end as only_group_id
    from {{ ref('base_zendesk__group_member') }}
    where fate = 'used'
    group by user_key

),

grouped as (

    select
        users.user_key,
        coalesce(users.default_group_id, memberships.only_group_id) as group_id
    from users
    left join memberships
        on users.user_key = memberships.user_key

),

final as (

    select
        'zendesk' as source_system,
        grouped.user_key as agent_key,
        coalesce(teams.team_id, grouped.group_id) as team_id,
        cast(null as varchar) as tier,
        cast(null as date) as hired_on,
        cast(null as date) as left_on,
        cast(null as timestamp) as valid_from,
        cast(null as timestamp) as valid_to
    from grouped
    left join teams
        on grouped.group_id = teams.group_id

)

select * from final
