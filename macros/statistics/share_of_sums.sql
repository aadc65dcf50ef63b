{#- Bound of the 95 % interval of sum(part) / sum(whole) over n cases with 0 <= part <= whole each, by the delta method; between
    0 and 1, 6 digits. share: the ratio of the sums, a decimal. The others are sums of whole numbers: of the whole, of the squares of
    the parts and of the wholes, of their products. Null where n is below 2 or the share is null. side: 'low' or 'high'. -#}
{% macro share_of_sums(share, whole, part_squares, whole_squares, products, n, side) -%}
    {%- set r = "cast(" ~ share ~ " as " ~ type_double() ~ ")" -%}
    case
        when {{ n }} > 1
            then cast(greatest(0, least(1, round(cast(
                {{ r }} {{ '-' if side == 'low' else '+' }} 1.959963984540054 * sqrt(
                    greatest(0, {{ part_squares }} - 2 * {{ r }} * {{ products }} + {{ r }} * {{ r }} * {{ whole_squares }})
                    * {{ n }} / ({{ n }} - 1)
                ) / nullif({{ whole }}, 0)
                as decimal(18, 12)), 6))) as decimal(9, 6))
    end
{%- endmacro %}
