-- Grain: one message on a ticket. Empty where no source system delivers messages.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

unioned as (

    {{ union_systems('ticket_messages', touched='ticket_id') }}

),

final as (

    select
        source_system || ':' || ticket_id as ticket_key,
        source_system,
        message_id,
        sent_at,
        case
            when {{ lowered(trimmed('author_type')) }} in ('agent', 'requester', 'system', 'automation')
                then {{ lowered(trimmed('author_type')) }}
            when author_type is not null then 'unknown'
        end as author_type,
        is_public,
        is_automatic,
        template_id,
        -- an out-of-office reply is not the customer speaking
        {{ lowered(trimmed('author_type')) }} = 'requester' and not coalesce(is_automatic, false) as is_from_customer,
        {{ lowered(trimmed('author_type')) }} = 'agent'
        and coalesce(is_public, true)
        and not coalesce(is_automatic, false) as is_public_agent_reply
    from unioned

)

select * from final
