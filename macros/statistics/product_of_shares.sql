{#- Bound of the 95 % interval of the product of two independent shares, a of n and b of m: the distances of their Wilson bounds,
    each times the other share, squared and added. 6 digits; null where n or m is 0 or null. side: 'low' or 'high'. -#}
{% macro product_of_shares(a, n, b, m, side) -%}
    {%- set p = "(cast(" ~ a ~ " as " ~ type_double() ~ ") / cast(" ~ n ~ " as " ~ type_double() ~ "))" -%}
    {%- set q = "(cast(" ~ b ~ " as " ~ type_double() ~ ") / cast(" ~ m ~ " as " ~ type_double() ~ "))" -%}
    {%- set first = q ~ " * (" ~ p ~ " - " ~ wilson(a, n, side) ~ ")" -%}
    {%- set second = p ~ " * (" ~ q ~ " - " ~ wilson(b, m, side) ~ ")" -%}
    case
        when {{ n }} > 0 and {{ m }} > 0
            then cast(greatest(0, least(1, round(cast(
                {{ p }} * {{ q }} {{ '-' if side == 'low' else '+' }} sqrt(
                    ({{ first }}) * ({{ first }}) + ({{ second }}) * ({{ second }})
                ) as decimal(18, 12)), 6))) as decimal(9, 6))
    end
{%- endmacro %}
