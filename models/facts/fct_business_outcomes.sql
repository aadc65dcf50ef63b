-- Grain: one thing that became of a business claim.
with

business_outcomes as (

    select * from {{ ref('int_business_outcomes') }}

),

final as (

    select
        claim_key,
        source_system,
        claim_type,
        claim_id,
        outcome_number,
        outcome_at,
        outcome,
        falsifies,
        amount
    from business_outcomes

)

select * from final
