{#- How surprising a count of yeses is where each case has a chance of its own: poisson_z, made as narrow (or as wide) as the variance
    says, since a yes or no varies less than a count. 6 digits; null where nothing is expected.
    observed: a whole number. expected: sum of the chances. variance: sum of chance x (1 - chance), above 0. Decimals. -#}
{% macro counted_of_z(observed, expected, variance) -%}
    {%- set double = type_double() -%}
    cast(round(cast(
        cast({{ poisson_z(observed, expected) }} as {{ double }})
        * sqrt(cast({{ expected }} as {{ double }}) / nullif(cast({{ variance }} as {{ double }}), 0))
        as decimal(28, 12)), 6) as decimal(18, 6))
{%- endmacro %}
