-- Grain: one account.
with

accounts as (

    select * from {{ ref('int_accounts') }}

),

final as (

    select
        source_system,
        account_id,
        segment,
        users,
        contract_started_on,
        churned_on
    from accounts

)

select * from final
