{#- Whole-number division of non-negative numbers, cut towards zero. -#}
{% macro integer_division(numerator, denominator) -%}
    {{ return(adapter.dispatch('integer_division', 'counterweight')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__integer_division(numerator, denominator) -%}
    (({{ numerator }}) / ({{ denominator }}))
{%- endmacro %}

{% macro duckdb__integer_division(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{#- Engine's name of a 64-bit float. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'counterweight')()) }}
{%- endmacro %}

{% macro default__type_double() -%} double precision {%- endmacro %}

{% macro duckdb__type_double() -%} double {%- endmacro %}
