-- Grain: one version of a category or subcategory. Joined by time when read.
with

categories as (

    select * from {{ ref('int_categories') }}

),

final as (

    select
        source_system,
        category,
        subcategory,
        {{ issue_key('category', 'subcategory') }} as issue_key,
        parent_category,
        is_request,
        first_contact_eligible,
        valid_from,
        valid_to
    from categories

)

select * from final
