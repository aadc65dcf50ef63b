{#- Ratio of two rates, (a / n) / (b / m), or a bound of its 95 % interval on the logarithm, 6 digits; null unless all
    four are above 0. side: 'value', 'low' or 'high'.

    variance: of the ratio's logarithm, SQL; left out: a and b are Poisson counts, 1 / a + 1 / b. quantile: how many
        standard errors the interval reaches. Ratios beyond 50,000 are cut there. -#}
{% macro rate_ratio(a, n, b, m, side, variance=none, quantile="1.959963984540054") -%}
    {%- set double = type_double() -%}
    {%- set log_ratio -%}
        ln(cast({{ a }} as {{ double }}) / ({{ n }}) / (cast({{ b }} as {{ double }}) / ({{ m }})))
    {%- endset -%}
    {%- set spread = "sqrt(" ~ (variance or "1 / cast(" ~ a ~ " as " ~ double ~ ") + 1 / cast(" ~ b ~ " as " ~ double ~ ")") ~ ")" -%}
    case
        when {{ a }} > 0 and {{ n }} > 0 and {{ b }} > 0 and {{ m }} > 0
            then cast(round(cast(least(50000, exp(least(11, greatest(-11,
                {{ log_ratio }}
                {%- if side != 'value' %} {{ '-' if side == 'low' else '+' }} {{ quantile }} * {{ spread }}{% endif %}
            )))) as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
