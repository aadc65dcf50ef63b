-- Grain: one team and month.
with

team_months as (

    select * from {{ ref('int_team_months') }}

),

final as (

    select
        source_system,
        team_id,
        month,
        headcount,
        leavers,
        absence_rate,
        respondents,
        mean_satisfaction
    from team_months

)

select * from final
