-- Grain: one address or telephone number of a user. A number that Zendesk says is shared identifies nobody.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

users as (

    select * from {{ ref('base_zendesk__user') }}
    where fate = 'used'

)

select
    'zendesk' as source_system,
    user_key as customer_key,
    'email' as kind,
    email_key as value_key
from users
where email_key is not null
union all
select
    'zendesk' as source_system,
    user_key as customer_key,
    'phone' as kind,
    phone_key as value_key
from users
where phone_key is not null and not coalesce(is_shared_phone, false)
