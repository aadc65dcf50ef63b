{#- Quotient of two numbers that need not be whole, 6 digits; null where the divisor is 0 or null. Of counts take ratio. -#}
{% macro quotient(dividend, divisor) -%}
    cast(round(cast(
        cast({{ dividend }} as {{ type_double() }}) / nullif(cast({{ divisor }} as {{ type_double() }}), 0)
        as decimal(28, 12)), 6) as decimal(18, 6))
{%- endmacro %}
