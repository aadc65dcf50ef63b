{#- Incremental builds. An increment recomputes what new rows touch, and nothing else: for each model of the incremental
    strategy `by_key` the macro touch_rules says by which key its rows are replaced and what touches it; one of `compared` is
    computed whole, and only what changed in it goes on. Both write the rows that they removed or added into the schema `changes`, so
    that whatever reads them knows what to do. Everything else is rebuilt in full each time.

    Only `counterweight build` begins an increment, where the last build was whole and of the same code, seeds and
    variables; plain dbt always builds in full. -#}

{#- Whether this run is an increment. -#}
{% macro is_increment() -%}
    {%- if not execute or flags.WHICH not in ('run', 'build') -%}
        {{ return(false) }}
    {%- endif -%}
    {#- one question a run, not one a model -#}
    {%- if '_is_increment' not in graph -%}
        {%- set books = adapter.get_relation(database=target.database, schema='audit', identifier='builds') -%}
        {#- books that an older version began know of no increments -#}
        {%- set columns = adapter.get_columns_in_relation(books) | map(attribute='name') | list if books else [] -%}
        {#- who runs dbt alone after an increment was killed has another process, without this -#}
        {%- set found = 'is_increment' in columns and run_query(
            "select count(*) from audit.builds where is_increment and status = 'building' "
            ~ "and build_id = '" ~ env_var('COUNTERWEIGHT_INCREMENT', '') ~ "'"
        )[0][0] > 0 -%}
        {%- do graph.update({'_is_increment': found}) -%}
    {%- endif -%}
    {{ return(graph['_is_increment']) }}
{%- endmacro %}

{#- Condition on rows that this model reads: they belong to what is touched. `key` is an expression over their columns with
    the value that the model's key has. A shortcut only: what is written is limited by the strategy. -#}
{% macro is_touched(key) -%}
    {{ in_increment('(' ~ key ~ ') in (select touched.touched_key from ' ~ touched_keys(model.name) ~ ' as touched)') }}
{%- endmacro %}

{#- A condition that only an increment sets; always true in a full build. -#}
{% macro in_increment(condition) -%}
    {{ condition if is_increment() else '1 = 1' }}
{%- endmacro %}

{#- Where an increment keeps the keys that a model recomputes, and the rows that it removed or added. -#}
{% macro touched_keys(name) -%} changes.{{ adapter.quote(name ~ '__touched') }} {%- endmacro %}
{% macro changes_of(name) -%} changes.{{ adapter.quote(name) }} {%- endmacro %}

{#- A model's table, for touch rules: the model that asks depends on it anyway. -#}
{% macro stored(name) -%}
    {{ return(graph['nodes']['model.' ~ project_name ~ '.' ~ name]['relation_name']) }}
{%- endmacro %}
