-- Grain: one contact. Where nobody was recognised, the customer is the requester of the ticket that the contact opened.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

contacts as (

    select * from {{ ref('int_joined_contacts') }}
    where {{ is_touched('contact_key') }}

),

tickets as (

    select * from {{ ref('int_tickets') }}

),

opened as (

    select
        same_contacts.contact_key,
        -- two tickets of two people: nobody knows who called
        case when count(distinct same_contacts.customer_key) = 1 then min(same_contacts.customer_key) end
            as customer_key,
        case when count(distinct tickets.account_id) = 1 then min(tickets.account_id) end as account_id
    from {{ ref('int_same_contacts') }} as same_contacts
    inner join tickets
        on same_contacts.ticket_key = tickets.ticket_key
    where {{ is_touched('same_contacts.contact_key') }}
    group by same_contacts.contact_key

),

final as (

    select
        contacts.contact_key,
        contacts.source_system,
        contacts.direction,
        contacts.channel,
        coalesce(contacts.customer_key, opened.customer_key) as customer_key,
        contacts.queue,
        contacts.team_id,
        contacts.category,
        contacts.subcategory,
        {{ issue_key('contacts.category', 'contacts.subcategory') }} as issue_key,
        contacts.ticket_key,
        coalesce(named.account_id, opened.account_id) as account_id,
        contacts.started_at,
        contacts.ended_at,
        contacts.is_answered,
        contacts.is_abandoned,
        contacts.is_answered
        and contacts.talk_seconds + coalesce(contacts.hold_seconds, 0) < {{ var('short_contact_seconds') }}
            as is_short_hang_up,
        contacts.is_abandoned and contacts.wait_seconds < {{ var('short_contact_seconds') }} as is_short_abandon,
        contacts.reported_resolved,
        contacts.leg_count,
        contacts.answered_leg_count,
        contacts.transfer_count,
        contacts.consult_count,
        contacts.wait_seconds,
        contacts.talk_seconds,
        contacts.hold_seconds,
        contacts.wrap_seconds,
        contacts.handle_seconds,
        {{ is_request_category('contacts', 'contacts.started_at') }} as is_request
    from contacts
    left join opened
        on contacts.contact_key = opened.contact_key
    left join tickets as named
        on contacts.ticket_key = named.ticket_key

)

select * from final
