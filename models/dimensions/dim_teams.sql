-- Grain: one team that is named anywhere.
with

teams as (

    select * from {{ ref('int_teams') }}

),

final as (

    select
        source_system,
        team_id,
        tier
    from teams

)

select * from final
