{#- Ratio of two non-negative counts, rounded half up to `digits`, from whole numbers only; null where the
    denominator is 0 or null ("nothing to measure" is not "0 %"). -#}
{% macro ratio(numerator, denominator, digits=4) -%}
    cast(cast({{ integer_division(
        "2 * cast(" ~ numerator ~ " as bigint) * " ~ 10 ** digits ~ " + (" ~ denominator ~ ")",
        "nullif(2 * (" ~ denominator ~ "), 0)"
    ) }} as decimal(18, 0)) * cast({{ "%.*f" | format(digits, 10 ** -digits) }} as decimal(9, {{ digits }}))
    as decimal(18, {{ digits }}))
{%- endmacro %}
