-- Grain: one version of a category or subcategory, and when it held. One version holds at a time.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

unioned as (

    {{ union_systems('categories') }}

),

final as (

    select
        source_system,
        category,
        subcategory,
        parent_category,
        is_request,
        first_contact_eligible,
        valid_from,
        {{ version_ends(['source_system', 'category', 'subcategory']) }} as valid_to
    from unioned

)

select * from final
