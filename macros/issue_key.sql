{#- What a contact is about: category and subcategory, or the category alone where there is no subcategory; null
    where there is no category, and then nothing can be inferred from it. A single slash separates the two: slashes in
    the words themselves are doubled, so that `A / B` alone is not A with subcategory B. -#}
{% macro issue_key(category, subcategory) -%}
    replace({{ category }}, '/', '//') || coalesce(' / ' || replace({{ subcategory }}, '/', '//'), '')
{%- endmacro %}
