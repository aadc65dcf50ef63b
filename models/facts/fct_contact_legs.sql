-- Grain: one leg of a contact: one agent's part of a call or chat.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

legs as (

    select * from {{ ref('int_contact_legs') }}
    where {{ is_touched('contact_key') }}

),

final as (

    select
        source_system,
        leg_id,
        contact_key,
        cast(leg_position as integer) as leg_position,
        direction,
        channel,
        queue,
        team_id,
        agent_key,
        category,
        started_at,
        offered_at,
        answered_at,
        ended_at,
        is_answered,
        transfer_type,
        disconnected_by,
        talk_seconds,
        hold_seconds,
        wrap_seconds,
        handle_seconds as leg_handle_seconds
    from legs

)

select * from final
