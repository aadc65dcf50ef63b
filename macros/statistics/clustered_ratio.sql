{#- Bound of the 95 % interval of numerator / denominator, both totals over independent clusters (customers): the delta
    method on the logarithm, from whole numbers. squares_n, products, squares_d: the sums over the clusters of
    numerator², numerator * denominator, denominator². 6 digits; null where either total is 0 or null.
    side: 'low' or 'high'. -#}
{% macro clustered_ratio(numerator, denominator, squares_n, products, squares_d, side) -%}
    {%- set n = "cast(" ~ numerator ~ " as " ~ type_double() ~ ")" -%}
    {%- set d = "cast(" ~ denominator ~ " as " ~ type_double() ~ ")" -%}
    case
        when {{ numerator }} > 0 and {{ denominator }} > 0
            then cast(round(cast(
                {{ n }} / {{ d }} * exp({{ '-' if side == 'low' else '' }}1.959963984540054 * sqrt(greatest(
                    0,
                    {{ squares_n }} / ({{ n }} * {{ n }})
                    - 2 * {{ products }} / ({{ n }} * {{ d }})
                    + {{ squares_d }} / ({{ d }} * {{ d }})
                )))
                as decimal(30, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
