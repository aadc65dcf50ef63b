-- Grain: one identifier that a source lists for a customer, as the key it is known by. The customer's own id is one of
-- them. An identifier that a system lists for several customers (a shared telephone) says nothing about who came. One that
-- two systems list for a customer of their own each makes one customer of the two.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with recursive

listed as (

    {{ union_systems('identities') }}

),

owners as (

    select
        source_system,
        value_key as identifier_key,
        customer_key
    from listed
    union
    select
        source_system,
        customer_key as identifier_key,
        customer_key
    from listed

),

identifiers as (

    select
        identifier_key,
        min({{ text_order('customer_key') }}) as customer_key,
        count(*) > count(distinct source_system) as is_shared
    from owners
    group by identifier_key

),

links as (

    select
        owners.customer_key,
        identifiers.customer_key as linked_key
    from owners
    inner join identifiers
        on owners.identifier_key = identifiers.identifier_key
    where not identifiers.is_shared and owners.customer_key <> identifiers.customer_key
    union
    select
        identifiers.customer_key,
        owners.customer_key as linked_key
    from owners
    inner join identifiers
        on owners.identifier_key = identifiers.identifier_key
    where not identifiers.is_shared and owners.customer_key <> identifiers.customer_key

),

-- who is one person with whom, over however many systems
reached (customer_key, linked_key) as (

    select
        customer_key,
        customer_key as linked_key
    from links
    union
    select
        reached.customer_key,
        links.linked_key
    from reached
    inner join links
        on reached.linked_key = links.customer_key

),

people as (

    select
        customer_key,
        min({{ text_order('linked_key') }}) as person_key
    from reached
    group by customer_key

),

final as (

    select
        identifiers.identifier_key,
        case when not identifiers.is_shared then coalesce(people.person_key, identifiers.customer_key) end
            as customer_key
    from identifiers
    left join people
        on identifiers.customer_key = people.customer_key

)

select * from final
