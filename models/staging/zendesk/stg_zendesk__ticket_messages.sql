-- Grain: one comment on a ticket; its description is the first. What Talk writes about a call is nobody writing: the call
-- itself is told by call_metric.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

comments as (

    select * from {{ ref('base_zendesk__ticket_comment') }}
    where fate = 'used'

),

users as (

    select * from {{ ref('base_zendesk__user') }}
    where fate = 'used'

),

authored as (

    select
        comments.*,
        {{ zendesk_actor_type('comments.author_key', 'comments.via_channel', 'users.role') }} as author_type
    from comments
    left join users
        on comments.author_key = users.user_key

),

tickets as (

    select
        ticket_id,
        requester_key
    from {{ ref('base_zendesk__ticket') }}
    where fate = 'used'

),

final as (

    select
        'zendesk' as source_system,
        authored.comment_id as message_id,
        authored.ticket_id,
        authored.sent_at,
        -- a requester whose user was deleted is the requester all the same
        case
            when authored.author_type is null and authored.author_key = tickets.requester_key then 'requester'
            else authored.author_type
        end as author_type,
        authored.is_public,
        coalesce(authored.is_voice_comment, false)
        or coalesce(authored.author_type, '') in ('system', 'automation') as is_automatic,
        cast(null as varchar) as template_id
    from authored
    left join tickets
        on authored.ticket_id = tickets.ticket_id

)

select * from final
