{#- Hints to the planner; they change no value. -#}

{#- Counts what is in a table that was just built, for the plans of those that read it: PostgreSQL's own counting comes
    minutes later, and until then it takes every table for small. Hook after each table and seed. -#}
{% macro analyze_table() -%}
    {%- if config.get('materialized') in ('table', 'incremental', 'seed') -%}
        {{ return(adapter.dispatch('analyze_table', 'counterweight')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__analyze_table() -%} {%- endmacro %}

{% macro postgres__analyze_table() -%} analyze {{ this }} {%- endmacro %}

{#- Before each model: what it reads, it reads whole. PostgreSQL knows nothing of the size of a CTE that is read twice and
    would go through all of it for each row of another, or merge by two of seven keys because the rows come sorted by these
    (minutes instead of a second); hashing all keys suits whatever their number. Compiling our long expressions takes longer
    than computing them. For the model's transaction only. -#}
{% macro plan_for_whole_tables() -%}
    {{ return(adapter.dispatch('plan_for_whole_tables', 'counterweight')()) }}
{%- endmacro %}

{% macro duckdb__plan_for_whole_tables() -%} {%- endmacro %}

{% macro postgres__plan_for_whole_tables() -%}
    select
        set_config('enable_nestloop', 'off', true),
        set_config('enable_mergejoin', 'off', true),
        set_config('jit', 'off', true)
{%- endmacro %}

{#- Written behind `with ... as`: each value of the CTE is computed once, not anew for each time that it is named. For
    CTEs that read text. -#}
{% macro computed_once() -%}
    {{ return(adapter.dispatch('computed_once', 'counterweight')()) }}
{%- endmacro %}

{% macro duckdb__computed_once() -%} {%- endmacro %}

{% macro postgres__computed_once() -%} materialized {%- endmacro %}

{#- The hook before each model, and the one after each table and seed: one and not several, since dbt reads and renders each hook of
    each model. -#}
{% macro before_model() -%}
    {{ [plan_for_whole_tables(), write_touched_keys()] | map('trim') | select | join('; ') }}
{%- endmacro %}

{% macro after_table() -%}
    {{ [analyze_table() or '', grant_to_readers() or ''] | map('trim') | select | join('; ') }}
{%- endmacro %}
