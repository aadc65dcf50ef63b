{#- A float as a decimal of 6 digits, rounded half up alike on every engine. -#}
{% macro six_digits(number) -%}
    cast(round(cast({{ number }} as decimal(28, 12)), 6) as decimal(18, 6))
{%- endmacro %}
