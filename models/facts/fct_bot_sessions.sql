-- Grain: one session with a bot.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

bot_sessions as (

    select * from {{ ref('int_bot_sessions') }}
    where {{ is_touched('session_key') }}

),

final as (

    select
        session_key,
        source_system,
        session_id,
        customer_key,
        intent,
        started_at,
        ended_at,
        is_contained,
        handed_off_to
    from bot_sessions

)

select * from final
