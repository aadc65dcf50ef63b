{#- The team that answers for a case: that of the agent who had it, for a ticket that went back to the first line may still be in the
    hands of the second; where nobody is known, or the agent's team is not, the ticket's. Written behind `hands_at`, it adds a CTE
    `placed` with all columns of `hands` and own_team_id.

    happened_at: column of `hands`. -#}
{% macro placed_at(happened_at) -%}
placed as (

    select
        hands.*,
        coalesce(agents.team_id, hands.team_id) as own_team_id
    from hands
    left join {{ ref('dim_agents') }} as agents
        on
            hands.source_system = agents.source_system
            and hands.agent_key = agents.agent_key
            and (agents.valid_from is null or agents.valid_from <= hands.{{ happened_at }})
            and hands.{{ happened_at }} < coalesce(agents.valid_to, timestamp '9999-01-01 00:00:00')

)
{%- endmacro %}
