{#- Text without outer blanks, tabs, line ends and blanks that do not break. Engines' own trim() differ in what a blank
    is. -#}
{% macro trimmed(text) -%}
    trim({{ text }}, ' ' || chr(9) || chr(10) || chr(13) || chr(160))
{%- endmacro %}
