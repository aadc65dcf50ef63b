-- Grain: one account and day: lockouts and resets that nobody called about.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('access_events') }}

)

select
    source_system,
    account_id,
    day as day_on,
    users,
    lockouts,
    failed_logins,
    self_service_resets
from unioned
where {{ begun_at_as_of('day') }}
