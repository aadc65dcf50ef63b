-- Grain: one category, or subcategory, that is a request, and when. Coming again for one is no return.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('categories') }}

)

select
    source_system,
    category,
    subcategory,
    valid_from,
    valid_to
from unioned
where is_request
