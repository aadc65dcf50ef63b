{#- Variance of n numbers as a sample, a float, from their sum and the sum of their squares; null below two. A part of a
    statistic, not a value to keep: it is not rounded. -#}
{% macro sample_variance(n, sum, sum_of_squares) -%}
    {%- set double = type_double() -%}
    greatest(0, (
        cast({{ sum_of_squares }} as {{ double }})
        - cast({{ sum }} as {{ double }}) * cast({{ sum }} as {{ double }}) / nullif(cast({{ n }} as {{ double }}), 0)
    ) / nullif(cast({{ n }} as {{ double }}) - 1, 0))
{%- endmacro %}
