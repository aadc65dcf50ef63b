{#- Variance of n numbers as a sample, a float, from their sum and the sum of their squares; null below two. A part of a
    statistic, not a value to keep: it is not rounded. -#}
{% macro sample_variance(n, sum, sum_of_squares) -%}
    {%- set double = type_double() -%}
    case when {{ n }} > 1 then greatest(0, (
        cast({{ sum_of_squares }} as {{ double }})
        - cast({{ sum }} as {{ double }}) * cast({{ sum }} as {{ double }}) / cast({{ n }} as {{ double }})
    ) / (cast({{ n }} as {{ double }}) - 1)) end
{%- endmacro %}
