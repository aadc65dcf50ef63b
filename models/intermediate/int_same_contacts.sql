-- Grain: one ticket whose opening is an inbound contact: created between the contact's start and 15 minutes after its
-- end, by a contact that names the ticket; else, if it is a phone or chat ticket, by one of the same customer that names
-- no ticket.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

contacts as (

    select
        *,
        -- a contact that goes on at as_of may open tickets until then
        coalesce(ended_at + interval '15' minute, timestamp '9999-01-01 00:00:00') as same_until
    from {{ ref('int_joined_contacts') }}
    where direction = 'inbound'

),

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

candidates as (

    select
        tickets.ticket_key,
        tickets.customer_key,
        contacts.contact_key,
        contacts.started_at,
        1 as preference
    from contacts
    inner join tickets
        on contacts.ticket_key = tickets.ticket_key
    where tickets.created_at between contacts.started_at and contacts.same_until
    union all
    select
        tickets.ticket_key,
        tickets.customer_key,
        contacts.contact_key,
        contacts.started_at,
        2 as preference
    from contacts
    inner join tickets
        on contacts.customer_key = tickets.customer_key
    where
        contacts.ticket_key is null
        and {{ lowered('tickets.channel') }} in ('phone', 'telephone', 'call', 'voice', 'chat')
        and tickets.created_at between contacts.started_at and contacts.same_until

),

ordered as (

    select
        *,
        row_number() over (
            partition by ticket_key order by preference, started_at desc, {{ text_order('contact_key') }}
        ) as contacts_from_last
    from candidates

)

select
    ticket_key,
    customer_key,
    contact_key
from ordered
where contacts_from_last = 1
