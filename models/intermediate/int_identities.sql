-- Grain: one identifier that a source lists for a customer, as the key it is known by. The customer's own id is one of
-- them. An identifier listed for several customers (a shared telephone) says nothing about who came.
with

listed as (

    {{ union_systems('identities') }}

),

pairs as (

    select
        value_key as identifier_key,
        customer_key
    from listed
    union
    select
        customer_key as identifier_key,
        customer_key
    from listed

),

final as (

    select
        identifier_key,
        case when count(*) = 1 then min(customer_key) end as customer_key
    from pairs
    group by identifier_key

)

select * from final
