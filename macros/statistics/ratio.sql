{#- Ratio of two non-negative counts, rounded half up to `digits`, from whole numbers only; null where the
    denominator is 0 or null ("nothing to measure" is not "0 %"). Handle seconds of a million contacts, in ten thousandths,
    are more than 64 bits hold. -#}
{% macro ratio(numerator, denominator, digits=4) -%}
    {%- set whole = "cast(" ~ denominator ~ " as " ~ type_wide() ~ ")" -%}
    cast(cast({{ wide_division(
        "2 * cast(" ~ numerator ~ " as " ~ type_wide() ~ ") * " ~ 10 ** digits ~ " + " ~ whole, "nullif(2 * " ~ whole ~ ", 0)"
    ) }} as decimal(18, 0)) * cast({{ "%.*f" | format(digits, 10 ** -digits) }} as decimal(9, {{ digits }}))
    as decimal(18, {{ digits }}))
{%- endmacro %}
