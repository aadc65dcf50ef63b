{#- Slope of the least squares line through n points, from sums of whole numbers x and y; y in parts of `scale`. 6 digits;
    null where all x are the same. -#}
{% macro slope(n, sum_x, sum_y, sum_xx, sum_xy, scale=1) -%}
    cast(round(cast(
        cast({{ n }} * {{ sum_xy }} - {{ sum_x }} * {{ sum_y }} as {{ type_double() }})
        / ({{ scale }} * nullif(cast({{ n }} * {{ sum_xx }} - {{ sum_x }} * {{ sum_x }} as {{ type_double() }}), 0))
        as decimal(18, 12)), 6) as decimal(18, 6))
{%- endmacro %}
