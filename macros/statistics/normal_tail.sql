{#- Chance that a standard normal value exceeds z: the p of a one-sided test. 12 digits; relative error below 1.2e-7 (the
    rational Chebyshev fit of erfc in Numerical Recipes, 6.2). Beyond 7 it is 0 to 12 digits; null where z is null. -#}
{% macro normal_tail(z) -%}
    {%- set double = type_double() -%}
    {%- set x = "(least(abs(cast(" ~ z ~ " as " ~ double ~ ")), 8) / sqrt(2))" -%}
    {%- set t = "(1 / (1 + 0.5 * " ~ x ~ "))" -%}
    {%- set fit = namespace(text="0.17087277") -%}
    {%- for term in ["-0.82215223", "1.48851587", "-1.13520398", "0.27886807", "-0.18628806", "0.09678418", "0.37409196",
        "1.00002368", "-1.26551223"] -%}
        {%- set fit.text = "(" ~ term ~ " + " ~ t ~ " * " ~ fit.text ~ ")" -%}
    {%- endfor -%}
    {%- set tail = "(0.5 * " ~ t ~ " * exp(-" ~ x ~ " * " ~ x ~ " + " ~ fit.text ~ "))" -%}
    cast(case when {{ z }} >= 0 then {{ tail }} when {{ z }} < 0 then 1 - {{ tail }} end as decimal(18, 12))
{%- endmacro %}
