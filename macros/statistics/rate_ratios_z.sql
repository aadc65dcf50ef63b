{#- How surprising it is that a rate stands further above its own comparison than another pair does: the difference of the logarithms
    of (a1 / n1) / (a0 / n0) and (b1 / m1) / (b0 / m0) over its standard error, each count a Poisson count and half a count more.
    About standard normal; above 0 where the first is the greater. 6 digits; null where one of the n and m is not above 0. -#}
{% macro rate_ratios_z(a1, n1, a0, n0, b1, m1, b0, m0) -%}
    {%- set double = type_double() -%}
    {%- set counts = [] -%}
    {%- for count in [a1, a0, b1, b0] -%}
        {%- do counts.append("(cast(" ~ count ~ " as " ~ double ~ ") + 0.5)") -%}
    {%- endfor -%}
    case
        when least({{ n1 }}, {{ n0 }}, {{ m1 }}, {{ m0 }}) > 0
            then cast(round(cast(
                (
                    ln({{ counts[0] }} / ({{ n1 }})) - ln({{ counts[1] }} / ({{ n0 }}))
                    - ln({{ counts[2] }} / ({{ m1 }})) + ln({{ counts[3] }} / ({{ m0 }}))
                )
                / sqrt(1 / {{ counts[0] }} + 1 / {{ counts[1] }} + 1 / {{ counts[2] }} + 1 / {{ counts[3] }})
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
