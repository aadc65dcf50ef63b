{#- What a contact is about, as finely as the var `issue_key` says. `subcategory`: category and subcategory, or the category
    alone where there is no subcategory; `category`: the category. Null where there is no category, and then nothing can be
    inferred from it. `anything`: whatever a customer comes about is one issue. A single slash separates category and
    subcategory: slashes in the words themselves are doubled, so that `A / B` alone is not A with subcategory B. -#}
{% macro issue_key(category, subcategory) -%}
    {%- set fineness = var('issue_key') -%}
    {%- if fineness == 'subcategory' -%}
    replace({{ category }}, '/', '//') || coalesce(' / ' || replace({{ subcategory }}, '/', '//'), '')
    {%- elif fineness == 'category' -%}
    replace({{ category }}, '/', '//')
    {%- elif fineness == 'anything' -%}
    'anything'
    {%- else -%}
    {{ exceptions.raise_compiler_error(
        "issue_key: '" ~ fineness ~ "' is none. Write subcategory, category or anything."
    ) }}
    {%- endif -%}
{%- endmacro %}
