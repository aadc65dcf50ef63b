{#- Bound of the 95 % interval of sum(part) / sum(whole) over n cases with 0 <= part <= whole each, by the delta method; between
    0 and 1, 6 digits. From sums of whole numbers and of their squares and products. Null where n is below 2 or the whole is 0.
    side: 'low' or 'high'. -#}
{% macro share_of_sums(part, whole, part_squares, whole_squares, products, n, side) -%}
    {%- set r = "(cast(" ~ part ~ " as " ~ type_double() ~ ") / cast(" ~ whole ~ " as " ~ type_double() ~ "))" -%}
    {%- set spread -%}
    greatest(
                    0,
                    cast({{ part_squares }} as {{ type_double() }})
                    - 2 * {{ r }} * cast({{ products }} as {{ type_double() }})
                    + {{ r }} * {{ r }} * cast({{ whole_squares }} as {{ type_double() }})
                ) * {{ n }} / ({{ n }} - 1)
    {%- endset -%}
    case
        when {{ n }} > 1 and {{ whole }} > 0
            then cast(greatest(0, least(1, round(cast(
                {{ r }} {{ '-' if side == 'low' else '+' }} 1.959963984540054
                * sqrt({{ spread }}) / cast({{ whole }} as {{ type_double() }})
                as decimal(18, 12)), 6))) as decimal(9, 6))
    end
{%- endmacro %}
