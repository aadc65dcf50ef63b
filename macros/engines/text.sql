{#- Text without outer blanks, tabs, line ends and blanks that do not break. Engines' own trim() differ in what a blank
    is. -#}
{% macro trimmed(text) -%}
    trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
{%- endmacro %}

{#- The same of a raw column, named once more for each look at its ends: nearly all have nothing to trim. -#}
{% macro trimmed_column(column) -%}
    {{ return(adapter.dispatch('trimmed_column', 'counterweight')(column)) }}
{%- endmacro %}

{% macro default__trimmed_column(column) -%} {{ trimmed(column) }} {%- endmacro %}

{% macro duckdb__trimmed_column(column) -%}
    case
        when
            {{ column }} >= '!' and {{ column }} < chr(128) and not (
                ends_with({{ column }}, ' ')
                or ends_with({{ column }}, chr(9))
                or ends_with({{ column }}, chr(10))
                or ends_with({{ column }}, chr(13))
                or ends_with({{ column }}, chr(160))
            )
            then {{ column }}
        else {{ trimmed(column) }}
    end
{%- endmacro %}

{#- Text in lower case, letter by letter as DuckDB does it. PostgreSQL's own lower() leaves É alone in some locales. -#}
{% macro lowered(text) -%}
    {{ return(adapter.dispatch('lowered', 'counterweight')(text)) }}
{%- endmacro %}

{% macro duckdb__lowered(text) -%} lower({{ text }}) {%- endmacro %}

{% macro postgres__lowered(text) -%}
    {#- two letters that ICU lowers by their neighbours, or to two characters -#}
    (lower(translate({{ text }}, 'Σİ', 'σi') collate "und-x-icu") collate "default")
{%- endmacro %}

{#- Text to sort by: the same order on every engine, in every locale. Whatever a value depends on (row_number, min,
    max) is ordered by this, never by the text itself. -#}
{% macro text_order(text) -%}
    {{ return(adapter.dispatch('text_order', 'counterweight')(text)) }}
{%- endmacro %}

{% macro duckdb__text_order(text) -%} {{ text }} {%- endmacro %}

{% macro postgres__text_order(text) -%} (({{ text }}) collate "C") {%- endmacro %}
