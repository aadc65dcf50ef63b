-- Grain: one inbound interaction of a customer who is known and not shared, about an issue that has a key: what chains
-- and repeats are made of.
{{ config(materialized='view') }}

with

interactions as (

    select * from {{ ref('int_interactions') }}
    where direction = 'inbound' and customer_key is not null and issue_key is not null

),

shared_identities as (

    select * from {{ ref('int_shared_identities') }}

),

final as (

    select interactions.*
    from interactions
    left join shared_identities as shared
        on
            interactions.customer_key = shared.customer_key
            and shared.category is null
    left join shared_identities as shared_in_category
        on
            interactions.customer_key = shared_in_category.customer_key
            and interactions.category = shared_in_category.category
    where shared.customer_key is null and shared_in_category.customer_key is null

)

select * from final
