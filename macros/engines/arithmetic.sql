{#- Whole-number division of non-negative numbers, cut towards zero. -#}
{% macro integer_division(numerator, denominator) -%}
    {{ return(adapter.dispatch('integer_division', 'counterweight')(numerator, denominator)) }}
{%- endmacro %}

{% macro postgres__integer_division(numerator, denominator) -%}
    (({{ numerator }}) / ({{ denominator }}))
{%- endmacro %}

{% macro duckdb__integer_division(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{#- The same of numbers that 64 bits may not hold. -#}
{% macro wide_division(numerator, denominator) -%}
    {{ return(adapter.dispatch('wide_division', 'counterweight')(numerator, denominator)) }}
{%- endmacro %}

{% macro postgres__wide_division(numerator, denominator) -%}
    div({{ numerator }}, {{ denominator }})
{%- endmacro %}

{% macro duckdb__wide_division(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{#- Engine's name of a whole number of 128 bits, or more. -#}
{% macro type_wide() -%}
    {{ return(adapter.dispatch('type_wide', 'counterweight')()) }}
{%- endmacro %}

{% macro postgres__type_wide() -%} numeric(38, 0) {%- endmacro %}

{% macro duckdb__type_wide() -%} hugeint {%- endmacro %}

{#- Engine's name of a 64-bit float. -#}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'counterweight')()) }}
{%- endmacro %}

{% macro postgres__type_double() -%} double precision {%- endmacro %}

{% macro duckdb__type_double() -%} double {%- endmacro %}
