{#- Bound of the 95 % Wilson score interval of the proportion successes / trials, between 0 and 1, 6 digits; null
    where trials is 0 or null. side: 'low' or 'high'. -#}
{% macro wilson(successes, trials, side) -%}
    {%- set z = "1.959963984540054" -%}
    {%- set n = "cast(" ~ trials ~ " as " ~ type_double() ~ ")" -%}
    {%- set p = "(cast(" ~ successes ~ " as " ~ type_double() ~ ") / " ~ n ~ ")" -%}
    {%- set centre = p ~ " + " ~ z ~ " * " ~ z ~ " / (2 * " ~ n ~ ")" -%}
    {%- set half = z ~ " * sqrt((" ~ p ~ " * (1 - " ~ p ~ ") + " ~ z ~ " * " ~ z ~ " / (4 * " ~ n ~ ")) / " ~ n ~ ")" -%}
    case
        when {{ trials }} > 0
            then cast(greatest(0, least(1, round(cast(
                ({{ centre }} {{ '-' if side == 'low' else '+' }} {{ half }}) / (1 + {{ z }} * {{ z }} / {{ n }})
                as decimal(18, 12)), 6))) as decimal(9, 6))
    end
{%- endmacro %}
