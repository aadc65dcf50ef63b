{#- Bound of the 95 % interval of the product of two independent shares p and q, decimals, from the bounds of each on that side: the
    distances from the bounds, each times the other share, squared and added. 6 digits; null where one of them is null.
    side: 'low' or 'high'. -#}
{% macro product_of_shares(p, p_bound, q, q_bound, side) -%}
    {%- set p = "cast(" ~ p ~ " as " ~ type_double() ~ ")" -%}
    {%- set q = "cast(" ~ q ~ " as " ~ type_double() ~ ")" -%}
    cast(greatest(0, least(1, round(cast(
        {{ p }} * {{ q }} {{ '-' if side == 'low' else '+' }} sqrt(
            power({{ q }} * ({{ p }} - {{ p_bound }}), 2) + power({{ p }} * ({{ q }} - {{ q_bound }}), 2)
        ) as decimal(18, 12)), 6))) as decimal(9, 6))
{%- endmacro %}
