{#- Run when dbt starts: every raw table and column that staging reads exists, empty where nobody delivered it, so that a
    desk with tickets alone builds too; and so do the books that load and audit keep. `load` lands text; a connector's own
    types stay as they are. Stops the run where a delivered table lacks a column that it must have. -#}
{% macro make_missing_raw_tables() -%}
    {%- if execute -%}
        {%- set present = {} -%}
        {%- for row in run_query(
            "select table_schema, table_name, column_name from information_schema.columns "
            ~ "where table_schema in ('raw', 'private', 'audit') and table_catalog = '" ~ target.database ~ "'"
        ) -%}
            {%- do present.setdefault(row[0] ~ '.' ~ row[1], []).append(row[2]) -%}
        {%- endfor -%}
        {%- set statements = [] -%}
        {%- for node in graph.sources.values()
            if (node.source_name in source_systems() or node.source_name in ('load', 'private', 'audit'))
            and not is_read_in_place(node.source_name) -%}
            {%- set is_export = node.source_name in source_systems() -%}
            {%- set relation = adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.identifier) -%}
            {%- set columns = {} -%}
            {%- for column in node.columns.values() -%}
                {%- do columns.update({column.name: column.data_type or 'varchar'}) -%}
            {%- endfor -%}
            {%- if is_export -%}
                {%- do columns.update({
                    '_loaded_at': 'timestamp', '_source_file': 'varchar', '_row_number': 'bigint',
                    'source_system': 'varchar',
                }) -%}
            {%- endif -%}
            {%- set found = present.get(node.schema ~ '.' ~ node.identifier) -%}
            {%- if found is none -%}
                {%- set definition = [] -%}
                {%- for name, type in columns.items() -%}
                    {%- do definition.append(adapter.quote(name) ~ ' ' ~ type) -%}
                {%- endfor -%}
                {%- do statements.append('create table ' ~ relation ~ ' (' ~ definition | join(', ') ~ ')') -%}
            {%- else -%}
                {%- for name, type in columns.items() if name not in found -%}
                    {%- set config = node.columns[name].config if name in node.columns else {} -%}
                    {%- if ((config or {}).get('meta') or {}).get('required') -%}
                        {%- do exceptions.raise_compiler_error(
                            node.schema ~ '.' ~ node.identifier ~ " has no column '" ~ name ~ "', which "
                            ~ node.source_name ~ "." ~ node.name ~ " must have. Rename or deliver it."
                        ) -%}
                    {%- endif -%}
                    {%- do statements.append(
                        'alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ type
                    ) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if statements -%}
            {%- do run_query('create schema if not exists raw') -%}
            {%- do run_query('create schema if not exists private') -%}
            {%- do run_query('create schema if not exists audit') -%}
            {%- for statement in statements -%}
                {%- do run_query(statement) -%}
            {%- endfor -%}
            {#- dbt rolls back what a hook leaves open -#}
            {{- committed() -}}
        {%- endif -%}
        {{- assert_connectors_are_there() -}}
    {%- endif -%}
{%- endmacro %}

{#- A connector's own schema is only read. Stops the run where the variable names one without the connector's tables, or a
    table there lacks a column that it must have. -#}
{% macro assert_connectors_are_there() -%}
    {%- set found = {} -%}
    {%- for node in graph.sources.values()
        if node.source_name in source_systems() and is_read_in_place(node.source_name) -%}
        {%- set present = connector_columns(node.source_name, node.name) -%}
        {%- do found.setdefault(node.source_name, []).extend([node.name] if present else []) -%}
        {%- for name, column in node.columns.items() if present and name not in present -%}
            {%- if ((column.config or {}).get('meta') or {}).get('required') -%}
                {%- do exceptions.raise_compiler_error(
                    node.schema ~ '.' ~ node.identifier ~ " has no column '" ~ name ~ "', which "
                    ~ node.source_name ~ "." ~ node.name ~ " must have."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for system, tables in found.items() if not tables -%}
        {%- do exceptions.raise_compiler_error(
            "The variable " ~ system ~ "_schema is '" ~ var(system ~ '_schema') ~ "', and none of the tables of "
            ~ system ~ " is there. Name the schema that the connector writes to."
        ) -%}
    {%- endfor -%}
{%- endmacro %}
