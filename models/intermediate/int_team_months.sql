-- Grain: one team and month: who was away, who left, and how they say they are. Never a person.
with

absences as (

    {{ union_systems('team_absences') }}

),

pulses as (

    {{ union_systems('team_pulses') }}

),

months as (

    select
        source_system,
        team_id,
        month
    from absences
    union
    select
        source_system,
        team_id,
        month
    from pulses

),

final as (

    select
        months.source_system,
        months.team_id,
        months.month,
        absences.headcount,
        absences.leavers,
        absences.absence_rate,
        pulses.respondents,
        pulses.mean_satisfaction
    from months
    left join absences
        on
            months.source_system = absences.source_system
            and months.team_id = absences.team_id
            and months.month = absences.month
    left join pulses
        on
            months.source_system = pulses.source_system
            and months.team_id = pulses.team_id
            and months.month = pulses.month
    where {{ begun_at_as_of('months.month') }}

)

select * from final
