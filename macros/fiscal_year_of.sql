{#- First day of the fiscal year of a day. -#}
{% macro fiscal_year_of(day) -%}
    {%- set months_before = var('fiscal_year_starts_in_month') | int - 1 -%}
    {#- as many months earlier it is a calendar year -#}
    cast(
        date_trunc('year', {{ day }} - {{ months_before }} * interval '1' month)
        + {{ months_before }} * interval '1' month
        as date
    )
{%- endmacro %}
