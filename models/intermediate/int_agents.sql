-- Grain: one version of an agent: team and tier, and when they held. One version holds at a time.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

unioned as (

    {{ union_systems('agents') }}

),

final as (

    select
        source_system,
        agent_key,
        team_id,
        {{ lowered(trimmed('tier')) }} as tier,
        hired_on,
        {{ at_as_of('left_on', 'cast(left_on as timestamp)') }} as left_on,
        valid_from,
        {{ version_ends(['source_system', 'agent_key']) }} as valid_to
    from unioned

)

select * from final
