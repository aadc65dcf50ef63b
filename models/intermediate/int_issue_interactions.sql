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
    left join shared_identities
        on
            interactions.customer_key = shared_identities.customer_key
            and (shared_identities.category is null or interactions.category = shared_identities.category)
    where shared_identities.customer_key is null

)

select * from final
