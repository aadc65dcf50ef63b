{#- Condition: what begins at `time` had begun at as_of. For days, months and periods, which have no time of their own at
    which staging could cut. Always true without a pin. -#}
{% macro begun_at_as_of(time) -%}
    {%- if var('as_of') is not none -%}
        cast({{ time }} as timestamp) <= cast('{{ var("as_of") }}' as timestamp)
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}
