-- Grain: one category, or subcategory, that is a request, and when. Coming again for one is no return.
{{ config(materialized='view') }}

select
    source_system,
    category,
    subcategory,
    valid_from,
    valid_to
from {{ ref('int_categories') }}
where is_request
