-- Grain: one account, as it is known today.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('accounts') }}

)

select
    source_system,
    account_id,
    segment,
    users,
    contract_started_on,
    {{ at_as_of('churned_on', 'cast(churned_on as timestamp)') }} as churned_on
from unioned
