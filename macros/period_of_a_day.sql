{#- First days of the week, the month and the fiscal year of a day. -#}
{% macro week_of(day) -%} cast(date_trunc('week', {{ day }}) as date) {%- endmacro %}

{% macro month_of(day) -%} cast(date_trunc('month', {{ day }}) as date) {%- endmacro %}

{% macro fiscal_year_of(day) -%}
    {%- set months_before = var('fiscal_year_starts_in_month') | int - 1 -%}
    {#- as many months earlier it is a calendar year -#}
    cast(
        date_trunc('year', {{ day }} - {{ months_before }} * interval '1' month)
        + {{ months_before }} * interval '1' month
        as date
    )
{%- endmacro %}
