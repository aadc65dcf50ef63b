{#- Text without outer blanks, tabs, line ends and blanks that do not break. Engines' own trim() differ in what a blank
    is. -#}
{% macro trimmed(text) -%}
    trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
{%- endmacro %}

{#- Text as a sort key: byte by byte on every engine, whatever the collation of the database. -#}
{% macro text_order(text) -%}
    {{ return(adapter.dispatch('text_order', 'counterweight')(text)) }}
{%- endmacro %}

{% macro default__text_order(text) -%} {{ text }} collate "C" {%- endmacro %}

{% macro duckdb__text_order(text) -%} {{ text }} {%- endmacro %}
