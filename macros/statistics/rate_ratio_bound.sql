{#- Bound of the 95 % interval of the ratio of two counts of equally long times, after over before: given their sum, `after` is
    binomial, so the odds of its Wilson bound are the ratio's. 6 digits; null where nothing happened before, since then
    nothing limits the ratio. side: 'low' or 'high'. -#}
{% macro rate_ratio_bound(after, before, side) -%}
    {%- set z = "1.959963984540054" -%}
    {%- set a = "cast(" ~ after ~ " as " ~ type_double() ~ ")" -%}
    {%- set b = "cast(" ~ before ~ " as " ~ type_double() ~ ")" -%}
    {%- set half = z ~ " * sqrt(" ~ a ~ " * " ~ b ~ " / (" ~ a ~ " + " ~ b ~ ") + " ~ z ~ " * " ~ z ~ " / 4)" -%}
    {%- set signs = ['-', '+'] if side == 'low' else ['+', '-'] -%}
    case
        when {{ before }} > 0
            then cast(greatest(0, round(cast(
                ({{ a }} + {{ z }} * {{ z }} / 2 {{ signs[0] }} {{ half }})
                / ({{ b }} + {{ z }} * {{ z }} / 2 {{ signs[1] }} {{ half }})
                as decimal(28, 12)), 6)) as decimal(18, 6))
    end
{%- endmacro %}
