{#- How the embedded engine makes tables and views. dbt makes each beside the old one, renames both and drops the old one in a
    transaction of its own; each such step costs more than a small table. What DuckDB drops in a transaction is there
    until its end, so that one is enough: others see the old table or the new one, and a build that fails keeps the old. -#}

{% materialization table, adapter='duckdb' %}
    {{ return({'relations': [made_anew('table')]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return({'relations': [made_anew('view')]}) }}
{% endmaterialization %}

{% macro made_anew(type) -%}
    {%- set target_relation = this.incorporate(type=type) -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {{- run_hooks(pre_hooks, inside_transaction=false) -}}
    {{- run_hooks(pre_hooks, inside_transaction=true) -}}
    {%- if existing_relation is not none -%}
        {%- call statement('room') -%} drop {{ existing_relation.type }} {{ existing_relation }} {%- endcall -%}
    {%- endif -%}
    {%- set query = query_in_parts(sql, (config.get('meta') or {}).get('kept', [])) -%}
    {%- for name, text in query.kept.items() -%}
        {%- do run_query('create or replace table ' ~ name ~ ' as ' ~ text) -%}
    {%- endfor -%}
    {%- call statement('main') -%}
        {{ get_create_view_as_sql(target_relation, query.text) if type == 'view'
            else create_table_as(false, target_relation, query.text) }}
    {%- endcall -%}
    {%- for name in query.kept -%} {%- do run_query('drop table ' ~ name) -%} {%- endfor -%}
    {%- do persist_docs(target_relation, model) -%}
    {{- run_hooks(post_hooks, inside_transaction=true) -}}
    {%- do adapter.commit() -%}
    {{- run_hooks(post_hooks, inside_transaction=false) -}}
    {{ return(target_relation) }}
{%- endmacro %}

{#- The query of a model, without those CTEs that are to be tables until it is there: arms of a union that each hold every value took
    far less memory where they read a table (docs/decisions.md). Not temporary ones: those are not compressed.
    Returns {text: the query that is left, kept: name of the table -> its query, in order}. Reads our own style: a CTE begins
    and ends at the margin. -#}
{% macro query_in_parts(sql, wanted) -%}
    {%- if not wanted -%} {{ return({'text': sql, 'kept': {}}) }} {%- endif -%}
    {%- set ctes, lines = [], [] -%}
    {%- set found = namespace(name=none, final=none) -%}
    {%- for line in sql.split('\n') -%}
        {%- set begun = modules.re.match('(\\w+) as +\\($', line.rstrip()) -%}
        {%- if found.final is not none -%}
            {%- do lines.append(line) -%}
        {%- elif found.name is not none -%}
            {%- if line.rstrip() in (')', '),') -%}
                {%- do ctes.append((found.name, lines | join('\n'))) -%}
                {%- do lines.clear() -%}
                {%- set found.name = none -%}
            {%- else -%}
                {%- do lines.append(line) -%}
            {%- endif -%}
        {%- elif begun -%}
            {%- set found.name = begun.group(1) -%}
        {%- elif line.strip() and not line.startswith('--') and line.strip() not in ('with', 'with recursive') -%}
            {%- set found.final = true -%}
            {%- do lines.append(line) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set defined, kept = [], {} -%}
    {%- for name, text in ctes -%}
        {%- if name in wanted -%}
            {%- set table = this.incorporate(path={'identifier': this.identifier ~ '__' ~ name}) | string -%}
            {%- do kept.update({table: ('with ' ~ defined | join(',\n') ~ '\n' if defined else '') ~ text}) -%}
            {%- do defined.append(name ~ ' as (select * from ' ~ table ~ ')') -%}
        {%- else -%}
            {%- do defined.append(name ~ ' as (' ~ text ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lacking = wanted | reject('in', ctes | map(attribute=0) | list) | list -%}
    {%- if lacking -%} {%- do exceptions.raise_compiler_error('No CTE to keep is called ' ~ lacking | join(', ')) -%} {%- endif -%}
    {{ return({
        'text': ('with ' ~ defined | join(',\n') ~ '\n' if defined else '') ~ lines | join('\n'), 'kept': kept,
    }) }}
{%- endmacro %}

{#- All comments of a relation in one statement. dbt asks twice first which columns there are; here a column that is documented
    and not there is an error. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append('comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ quoted_comment(model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for name, column in model.columns.items() -%}
            {%- do comments.append(
                'comment on column ' ~ relation ~ '.' ~ adapter.quote(name) ~ ' is ' ~ quoted_comment(column.description)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if comments -%} {%- do run_query(comments | join(';\n')) -%} {%- endif -%}
{%- endmacro %}

{% macro quoted_comment(text) -%}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{%- endmacro %}

{#- A data test: its rows are counted, and kept where there are any. dbt makes a table for each test, most of them empty. -#}
{% materialization test, default %}
    {%- set is_stored = should_store_failures() -%}
    {%- if is_stored -%}
        {%- set relation = api.Relation.create(database=database, schema=schema, identifier=model['alias'], type='table') -%}
        {%- set existing_relation = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
        {%- if existing_relation -%}
            {%- do adapter.drop_relation(existing_relation) -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}
    {%- set rows = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- call statement('main', fetch_result=true) -%}
        {{ get_test_sql(rows, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}
    {%- set outcome = load_result('main').table[0] -%}
    {%- if is_stored and (outcome['should_warn'] or outcome['should_error']) -%}
        {%- call statement('kept') -%} {{ get_create_sql(relation, rows) }} {%- endcall -%}
        {%- do adapter.commit() -%}
        {{ return({'relations': [relation]}) }}
    {%- endif -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}
