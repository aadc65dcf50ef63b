{#- Hook when dbt starts: DuckDB takes no more memory than the environment's COUNTERWEIGHT_MEMORY_LIMIT says (`3GB`), and writes
    what does not fit beside the file. Unset: DuckDB's own limit, 80 % of the machine. -#}
{% macro limit_memory() -%}
    {%- set limit = env_var('COUNTERWEIGHT_MEMORY_LIMIT', '') -%}
    {%- if execute and limit and target.type == 'duckdb' -%}
        set memory_limit = '{{ limit | replace("'", "") }}'
    {%- endif -%}
{%- endmacro %}
