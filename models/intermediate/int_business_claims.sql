-- Grain: one claim of another business function: a deal closed, a position filled, a unit shipped.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('business_claims') }}

)

select
    source_system || ':' || claim_type || ':' || claim_id as claim_key,
    source_system,
    claim_type,
    claim_id,
    business_function,
    unit,
    subject_key,
    claimed_at,
    amount
from unioned
