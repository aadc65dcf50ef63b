{#- Schemas carry their plain layer name (staging, facts, marts), so that BI reads `marts` on every target. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
