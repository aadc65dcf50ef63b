-- Grain: one resolution episode.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

episodes as (

    select * from {{ ref('int_resolution_episodes') }}
    where {{ is_touched('ticket_key') }}

),

final as (

    select
        episode_id,
        ticket_key,
        source_system,
        ticket_id,
        episode_number,
        customer_key,
        category,
        subcategory,
        team_id,
        resolved_at,
        resolved_by,
        closure_mode,
        closed_at,
        toggle_count,
        ended_at,
        is_ended_by_machine,
        reopened_at,
        reopened_by,
        reopen_kind
    from episodes

)

select * from final
