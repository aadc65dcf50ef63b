{#- How surprising it is that o1 where e1 were expected is more, for what was expected, than o0 where e0 were: the signed root of
    the likelihood ratio of two Poisson rates, exact in what the two have in common. About standard normal; above 0 where the
    first is the greater. 6 digits; null where either expectation is not above 0.
    o1, o0: whole numbers. e1, e0: decimals. -#}
{% macro two_rates_z(o1, e1, o0, e0) -%}
    {%- set double = type_double() -%}
    {%- set parts = [] -%}
    {%- for o, e in [(o1, e1), (o0, e0)] -%}
        {%- do parts.append(
            "case when " ~ o ~ " > 0 then " ~ o ~ " * ln(cast(" ~ o ~ " as " ~ double ~ ") * cast(" ~ e1 ~ " + " ~ e0 ~ " as " ~ double
            ~ ") / (cast(" ~ o1 ~ " + " ~ o0 ~ " as " ~ double ~ ") * cast(" ~ e ~ " as " ~ double ~ "))) else 0 end"
        ) -%}
    {%- endfor -%}
    case
        when {{ e1 }} > 0 and {{ e0 }} > 0
            then cast(round(cast(
                case when cast({{ o1 }} as {{ double }}) * {{ e0 }} >= cast({{ o0 }} as {{ double }}) * {{ e1 }} then 1 else -1 end
                * sqrt(greatest(0, 2 * ({{ parts | join(" + ") }})))
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
