-- Grain: one account and day.
with

access_events as (

    select * from {{ ref('int_access_events') }}

),

final as (

    select
        source_system,
        account_id,
        day_on,
        users,
        lockouts,
        failed_logins,
        self_service_resets
    from access_events

)

select * from final
