{#- Ends the transaction of a hook's own statements; dbt rolls back what a hook leaves open. -#}
{% macro committed() -%}
    {{ return(adapter.dispatch('committed', 'counterweight')()) }}
{%- endmacro %}

{% macro duckdb__committed() -%} {%- do adapter.commit() -%} {%- endmacro %}

{#- dbt knows of no transaction here, but there is one -#}
{% macro postgres__committed() -%} {%- do run_query('commit') -%} {%- endmacro %}
