{#- What a contact is about: category and subcategory, or the category alone where there is no subcategory; null
    where there is no category, and then nothing can be inferred from it. -#}
{% macro issue_key(category, subcategory) -%}
    {{ category }} || coalesce(' / ' || {{ subcategory }}, '')
{%- endmacro %}
