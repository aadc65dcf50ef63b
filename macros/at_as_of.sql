{#- A value that became known at `time`: null where as_of is pinned before it. Without a pin the value itself. -#}
{% macro at_as_of(value, time) -%}
    {%- if var('as_of') is not none -%}
        case when {{ time }} <= cast('{{ var("as_of") }}' as timestamp) then {{ value }} end
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}
