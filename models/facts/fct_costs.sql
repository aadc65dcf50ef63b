-- Grain: one booking of a month, team, currency and kind; prices beside costs, marked.
with

costs as (

    select * from {{ ref('int_costs') }}

),

final as (

    select
        source_system,
        month,
        team_id,
        currency,
        kind,
        is_price,
        priced_category,
        amount
    from costs

)

select * from final
