{#- Bound of the 95 % interval of the part of a whole, sum of parts over sum of wholes, where n pairs (part, whole) vary from one
    to the next: delta method, from whole-number sums. Of `1 - part / whole` swap the sides. 6 digits; null below two pairs, or
    where the whole is 0. side: 'low' or 'high'. -#}
{% macro ratio_of_sums_bound(n, parts, wholes, squared_parts, squared_wholes, products, side) -%}
    {%- set double = type_double() -%}
    {%- set r = "(cast(" ~ parts ~ " as " ~ double ~ ") / " ~ wholes ~ ")" -%}
    case
        when {{ n }} > 1 and {{ wholes }} > 0
            then cast(round(cast(
                {{ r }} {{ '-' if side == 'low' else '+' }} 1.959963984540054 * sqrt(
                    greatest(
                        0,
                        cast({{ squared_parts }} as {{ double }}) - 2 * {{ r }} * {{ products }}
                        + {{ r }} * {{ r }} * {{ squared_wholes }}
                    ) * {{ n }} / ({{ n }} - 1)
                ) / {{ wholes }} as decimal(18, 12)), 6) as decimal(9, 6))
    end
{%- endmacro %}
