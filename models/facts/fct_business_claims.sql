-- Grain: one business claim. What contradicts it says the seed business_outcomes.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

claims as (

    select * from {{ ref('int_business_claims') }}

),

outcomes as (

    select * from {{ ref('int_business_outcomes') }}

),

contradicting as (

    select
        claims.claim_key,
        outcomes.outcome_at,
        outcomes.outcome,
        outcomes.amount,
        row_number() over (partition by claims.claim_key order by outcomes.outcome_number) as place
    from claims
    inner join outcomes
        on
            claims.claim_key = outcomes.claim_key
            and claims.claimed_at < outcomes.outcome_at
    where outcomes.falsifies

),

final as (

    select
        claims.claim_key,
        claims.source_system,
        claims.claim_type,
        claims.claim_id,
        claims.business_function,
        claims.unit,
        claims.subject_key,
        claims.claimed_at,
        claims.amount,
        contradicting.outcome_at as falsified_at,
        contradicting.outcome as falsified_by,
        contradicting.amount as falsified_amount
    from claims
    left join contradicting
        on
            claims.claim_key = contradicting.claim_key
            and contradicting.place = 1

)

select * from final
