-- Grain: one contact. Where nobody was recognised, the customer is the requester of the ticket that the contact opened.
with

contacts as (

    select * from {{ ref('int_joined_contacts') }}

),

opened as (

    select
        contact_key,
        -- two tickets of two people: nobody knows who called
        case when count(distinct customer_key) = 1 then min(customer_key) end as customer_key
    from {{ ref('int_same_contacts') }}
    group by contact_key

),

final as (

    select
        contacts.contact_key,
        contacts.source_system,
        contacts.direction,
        contacts.channel,
        coalesce(contacts.customer_key, opened.customer_key) as customer_key,
        contacts.team_id,
        contacts.category,
        contacts.subcategory,
        {{ issue_key('contacts.category', 'contacts.subcategory') }} as issue_key,
        contacts.ticket_key,
        contacts.started_at,
        contacts.ended_at,
        contacts.is_answered,
        contacts.is_abandoned,
        contacts.leg_count,
        contacts.talk_seconds,
        contacts.hold_seconds,
        contacts.wrap_seconds,
        {{ is_request_category('contacts', 'contacts.started_at') }} as is_request
    from contacts
    left join opened
        on contacts.contact_key = opened.contact_key

)

select * from final
