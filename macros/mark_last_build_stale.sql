{#- Run when dbt starts: whatever rebuilds tables outside `counterweight build` makes the last audit worthless, and
    `counterweight publish` will say so. The command itself marks its build as `building`, which stays; older builds keep
    what was said of them. -#}
{% macro mark_last_build_stale() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed', 'snapshot') -%}
        {%- set books = adapter.get_relation(database=target.database, schema='audit', identifier='builds') -%}
        {%- if books is not none -%}
            {%- do run_query(
                "update " ~ books ~ " set status = 'stale' where status in ('built', 'audited', 'audit failed') "
                ~ "and build_number = (select max(build_number) from " ~ books ~ ")"
            ) -%}
            {#- dbt rolls back what a hook leaves open -#}
            {{- committed() -}}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
