{#- Bound of the 95 % interval of the ratio of two counts of equally long times, after over before: given their sum, `after` is
    binomial, so the odds of its Wilson bound are the ratio's. 6 digits; null where nothing happened, or where
    nothing limits the ratio. side: 'low' or 'high'. -#}
{% macro rate_ratio_bound(after, before, side) -%}
    {%- set share = "cast((" ~ wilson(after, "(" ~ after ~ " + " ~ before ~ ")", side) ~ ") as " ~ type_double() ~ ")" -%}
    case
        when {{ before }} > 0
            then cast(round(cast({{ share }} / (1 - {{ share }}) as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
