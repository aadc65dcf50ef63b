-- Grain: one satisfaction rating that was offered. Zendesk asks whether it was good, not whether it was solved.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

ratings as (

    select
        *,
        {{ lowered('score') }} like 'good%' as is_good,
        {{ lowered('score') }} like 'bad%' as is_bad
    from {{ ref('base_zendesk__satisfaction_rating') }}
    where fate = 'used'

),

final as (

    select
        'zendesk' as source_system,
        rating_id as survey_id,
        ticket_id,
        cast(null as varchar) as contact_id,
        cast(null as timestamp) as eligible_at,
        -- a row that was made by its answer does not say when the offer was made
        case when not (is_good or is_bad) or updated_at > created_at then created_at end as sent_at,
        cast(null as varchar) as sent_by,
        case when is_good or is_bad then coalesce(updated_at, created_at) end as answered_at,
        case
            when is_good then 1
            when is_bad then 0
        end as csat,
        1 as csat_scale_max,
        cast(null as decimal(38, 10)) as effort,
        cast(null as varchar) as resolved_answer,
        cast(null as bigint) as lost_minutes,
        updated_at
    from ratings

)

select * from final
