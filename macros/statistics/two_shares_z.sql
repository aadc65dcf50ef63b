{#- How surprising it is that k1 of n1 is more than k0 of n0 if both were one share: the signed root of the likelihood ratio,
    which holds far out in the tails where the usual z of two shares does not. About standard normal; above 0 where the first
    share is the greater. 6 digits; null where a side is empty. All are whole numbers. -#}
{% macro two_shares_z(k1, n1, k0, n0) -%}
    {%- set double = type_double() -%}
    {%- set all = "(" ~ n1 ~ " + " ~ n0 ~ ")" -%}
    {%- set parts = [] -%}
    {%- for k, n in [(k1, n1), (k0, n0)] -%}
        {%- for count, total in [(k, "(" ~ k1 ~ " + " ~ k0 ~ ")"), ("(" ~ n ~ " - " ~ k ~ ")", "(" ~ all ~ " - " ~ k1 ~ " - " ~ k0 ~ ")")] -%}
            {%- do parts.append(
                "case when " ~ count ~ " > 0 then " ~ count ~ " * ln(cast(" ~ count ~ " as " ~ double ~ ") * " ~ all ~ " / (cast("
                ~ n ~ " as " ~ double ~ ") * " ~ total ~ ")) else 0 end"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    case
        when {{ n1 }} > 0 and {{ n0 }} > 0
            then cast(round(cast(
                case when cast({{ k1 }} as {{ double }}) * {{ n0 }} >= cast({{ k0 }} as {{ double }}) * {{ n1 }} then 1 else -1 end
                * sqrt(greatest(0, 2 * ({{ parts | join(" + ") }})))
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
