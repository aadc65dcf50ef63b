-- Grain: one invitation to a survey.
with

surveys as (

    select * from {{ ref('int_surveys') }}

),

final as (

    select
        source_system,
        survey_id,
        ticket_key,
        contact_key,
        eligible_at,
        sent_at,
        sent_by,
        answered_at is not null as is_answered,
        answered_at,
        csat,
        csat_scale_max,
        -- in ten-thousandths, so that whole numbers are divided
        case
            when csat >= 0 and csat <= csat_scale_max and csat_scale_max <= 1000
                then {{ ratio('cast(10000 * csat as bigint)', 'cast(10000 * csat_scale_max as bigint)') }}
        end as csat_share,
        effort,
        resolved_answer,
        lost_minutes
    from surveys

)

select * from final
