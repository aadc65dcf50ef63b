-- Grain: one team that is named anywhere: in tickets, their histories, calls, or the lists of agents, costs and months.
with

named as (

    select
        source_system,
        team_id
    from {{ ref('int_tickets') }}
    union
    select
        source_system,
        old_value as team_id
    from {{ ref('int_ticket_events') }}
    where field = 'team'
    union
    select
        source_system,
        new_value as team_id
    from {{ ref('int_ticket_events') }}
    where field = 'team'
    union
    select
        source_system,
        team_id
    from {{ ref('int_contact_legs') }}
    union
    select
        source_system,
        team_id
    from {{ ref('int_agents') }}
    union
    select
        source_system,
        team_id
    from {{ ref('int_costs') }}
    union
    select
        source_system,
        team_id
    from {{ ref('int_team_months') }}

),

tiers as (

    select
        source_system,
        team_id,
        case when count(distinct tier) = 1 then max(tier) end as tier
    from {{ ref('int_agents') }}
    group by source_system, team_id

),

final as (

    select
        named.source_system,
        named.team_id,
        tiers.tier
    from named
    left join tiers
        on
            named.source_system = tiers.source_system
            and named.team_id = tiers.team_id
    where named.team_id is not null

)

select * from final
