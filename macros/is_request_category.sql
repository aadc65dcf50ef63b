{#- Whether the category of a row, at the time given, is a request. `rows` must have source_system, category and
    subcategory. -#}
{% macro is_request_category(rows, at, category='category', subcategory='subcategory') -%}
    exists (
            select 1
            from {{ ref('int_request_categories') }} as requests
            where
                requests.source_system = {{ rows }}.source_system
                and requests.category = {{ rows }}.{{ category }}
                and (requests.subcategory is null or requests.subcategory = {{ rows }}.{{ subcategory }})
                and (requests.valid_from is null or requests.valid_from <= {{ at }})
                and (requests.valid_to is null or {{ at }} < requests.valid_to)
        )
{%- endmacro %}
