-- Grain: one source system and the desk it belongs to. Systems that share a customer are one desk: what one of them does
-- not see may be in the other, so a feed that stops in one holds back claims of both. Desks that share nobody are apart.
-- A system that knows no customer at all, of business claims alone, is a desk of its own.
with recursive

customers as (

    select
        source_system,
        customer_key
    from {{ ref('int_tickets') }}
    union
    select
        source_system,
        customer_key
    from {{ ref('int_contacts') }}
    union
    select
        source_system,
        customer_key
    from {{ ref('int_bot_sessions') }}
    union
    select
        source_system,
        cast(null as varchar) as customer_key
    from {{ ref('int_feed_records') }}

),

links as (

    select distinct
        own.source_system,
        other.source_system as linked_system
    from customers as own
    inner join customers as other
        on
            own.customer_key = other.customer_key
            and own.source_system <> other.source_system

),

reached (source_system, linked_system) as (

    select distinct
        source_system,
        source_system as linked_system
    from customers
    union
    select
        reached.source_system,
        links.linked_system
    from reached
    inner join links
        on reached.linked_system = links.source_system

)

select
    source_system,
    min(linked_system) as desk
from reached
group by source_system
