-- Grain: one review of a contact or a ticket.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('qa_reviews') }}

)

select
    source_system,
    review_id,
    source_system || ':' || contact_id as contact_key,
    source_system || ':' || ticket_id as ticket_key,
    reviewed_at,
    score,
    passed
from unioned
