{#- Who may read what is built, on an engine that has roles: schema by schema, and nothing of raw, private, staging or
    intermediate. The embedded file has none: there publish decides who gets which file.

    reader_roles             what publish would give to everybody: dimensions, facts and marts without what is restricted
                             (keys of people who work here), and the catalogue of pairs
    restricted_reader_roles  the same whole -#}

{#- Run when dbt starts: the roles are there. A build that ends without its readers' rights is found out too late. -#}
{% macro assert_reader_roles() -%}
    {%- if execute and (var('reader_roles') or var('restricted_reader_roles')) -%}
        {{- adapter.dispatch('assert_reader_roles', 'counterweight')() -}}
    {%- endif -%}
{%- endmacro %}

{% macro default__assert_reader_roles() -%}
    {%- do exceptions.raise_compiler_error(
        "reader_roles and restricted_reader_roles are for an engine with roles. On " ~ target.type
        ~ " they would give nobody anything: leave them empty."
    ) -%}
{%- endmacro %}

{% macro postgres__assert_reader_roles() -%}
    {%- set there = [] -%}
    {%- for row in run_query('select rolname from pg_roles') -%}
        {%- do there.append(row[0]) -%}
    {%- endfor -%}
    {%- for role in var('reader_roles') + var('restricted_reader_roles') if role not in there -%}
        {%- do exceptions.raise_compiler_error(
            "There is no role '" ~ role ~ "' (variables reader_roles, restricted_reader_roles). Make it first: create role "
            ~ adapter.quote(role)
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{#- Hook after each table: in the transaction that makes it, so that readers are never without. -#}
{% macro grant_to_readers() -%}
    {%- if is_for_readers(model) -%}
        {{ return(adapter.dispatch('grant_to_readers', 'counterweight')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__grant_to_readers() -%} {%- endmacro %}

{% macro postgres__grant_to_readers() -%}
    {%- set statements = [] -%}
    {%- set open = [] -%}
    {%- set ns = namespace(hidden=0) -%}
    {%- for name, column in model.columns.items() -%}
        {%- if ((column.config or {}).get('meta') or {}).get('restricted') -%}
            {%- set ns.hidden = ns.hidden + 1 -%}
        {%- else -%}
            {%- do open.append(adapter.quote(name)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set columns = ' (' ~ open | join(', ') ~ ')' if ns.hidden else '' -%}
    {%- if not ((model.config or {}).get('meta') or {}).get('restricted') -%}
        {%- for role in var('reader_roles') -%}
            {%- do statements.append('grant select' ~ columns ~ ' on ' ~ this ~ ' to ' ~ adapter.quote(role)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for role in var('restricted_reader_roles') -%}
        {%- do statements.append('grant select on ' ~ this ~ ' to ' ~ adapter.quote(role)) -%}
    {%- endfor -%}
    {{ statements | join('; ') }}
{%- endmacro %}

{#- Run when dbt ends: the way into the schemas. Once and not by each table: several threads would trip over each other. -#}
{% macro open_schemas_to_readers() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed') -%}
        {{ return(adapter.dispatch('open_schemas_to_readers', 'counterweight')()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__open_schemas_to_readers() -%} {%- endmacro %}

{% macro postgres__open_schemas_to_readers() -%}
    {%- set statements = [] -%}
    {%- for schema in schemas if schema in schemas_for_readers() -%}
        {%- for role in var('reader_roles') + var('restricted_reader_roles') -%}
            {%- do statements.append('grant usage on schema ' ~ adapter.quote(schema) ~ ' to ' ~ adapter.quote(role)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ statements | join('; ') }}
{%- endmacro %}

{#- What publish gives to readers too: PUBLISHED_SCHEMAS and CATALOGUE of its; a test compares them. -#}
{% macro schemas_for_readers() -%}
    {{ return(['dimensions', 'facts', 'marts', 'reference']) }}
{%- endmacro %}

{% macro is_for_readers(node) -%}
    {{ return(
        node.resource_type in ('model', 'seed') and node.schema in schemas_for_readers()
        and (node.schema != 'reference' or node.name == 'kpi_pairs')
    ) }}
{%- endmacro %}
