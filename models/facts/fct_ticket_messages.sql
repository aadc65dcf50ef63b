-- Grain: one message on a ticket.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

ticket_messages as (

    select * from {{ ref('int_ticket_messages') }}
    where {{ is_touched('ticket_key') }}

),

final as (

    select
        source_system,
        message_id,
        ticket_key,
        sent_at,
        author_type,
        is_public,
        is_automatic,
        template_id,
        is_from_customer,
        is_public_agent_reply
    from ticket_messages

)

select * from final
