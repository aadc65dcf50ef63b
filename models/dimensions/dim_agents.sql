-- Grain: one version of an agent. Joined by time when read, so that yesterday's contact keeps yesterday's team.
with

agents as (

    select * from {{ ref('int_agents') }}

),

final as (

    select
        source_system,
        agent_key,
        team_id,
        tier,
        hired_on,
        left_on,
        valid_from,
        valid_to
    from agents

)

select * from final
