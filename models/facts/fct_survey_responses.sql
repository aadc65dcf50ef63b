-- Grain: one invitation to a survey, with what it asks about: the claim of the contact, or the ticket's latest resolution
-- when it could be asked.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

surveys as (

    select * from {{ ref('int_surveys') }}
    where {{ is_touched("source_system || ':' || survey_id") }}

),

openings as (

    select
        ticket_key,
        same_contact_key
    from {{ ref('int_ticket_openings') }}

),

episodes as (

    select
        surveys.source_system,
        surveys.survey_id,
        episodes.episode_id,
        row_number() over (
            partition by surveys.source_system, surveys.survey_id
            order by episodes.episode_number desc
        ) as episodes_from_last
    from surveys
    inner join {{ ref('int_resolution_episodes') }} as episodes
        on
            surveys.ticket_key = episodes.ticket_key
            and episodes.resolved_at <= coalesce(surveys.eligible_at, surveys.sent_at, surveys.answered_at)
    where surveys.contact_key is null

),

final as (

    select
        surveys.source_system,
        surveys.survey_id,
        surveys.ticket_key,
        surveys.contact_key,
        case
            when surveys.contact_key is not null then 'contact_handled/' || surveys.contact_key
            else 'ticket_resolved/' || episodes.episode_id
        end as claim_id,
        case
            when surveys.contact_key is not null then 'contact/' || surveys.contact_key
            when openings.same_contact_key is not null then 'contact/' || openings.same_contact_key
            else 'opening/' || surveys.ticket_key
        end as interaction_id,
        surveys.eligible_at,
        surveys.sent_at,
        surveys.sent_by,
        surveys.answered_at is not null as is_answered,
        surveys.answered_at,
        surveys.csat,
        surveys.csat_scale_max,
        -- in ten-thousandths, so that whole numbers are divided
        case
            when surveys.csat >= 0 and surveys.csat <= surveys.csat_scale_max and surveys.csat_scale_max <= 1000
                then {{ ratio(
                    'cast(10000 * surveys.csat as bigint)', 'cast(10000 * surveys.csat_scale_max as bigint)'
                ) }}
        end as csat_share,
        surveys.effort,
        surveys.resolved_answer,
        surveys.lost_minutes
    from surveys
    left join openings
        on surveys.ticket_key = openings.ticket_key
    left join episodes
        on
            surveys.source_system = episodes.source_system
            and surveys.survey_id = episodes.survey_id
            and episodes.episodes_from_last = 1

)

select * from final
