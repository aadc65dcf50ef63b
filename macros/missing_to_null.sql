{#- Trimmed text; null where it is empty or the source's word for "missing". -#}
{% macro missing_to_null(column, word='?') -%}
    nullif(nullif({{ trimmed(column) }}, ''), '{{ word }}')
{%- endmacro %}
