{#- A seed before anything is built: {rows: its rows as mappings, is_current: whether they are what this run will use}. The embedded
    engine reads the file. A server cannot: there it is the table as loaded last, which a run that loads seeds will replace;
    the seed's own hook asks again. -#}
{% macro rows_of_seed(name, columns) -%}
    {{ return(adapter.dispatch('rows_of_seed')(graph.nodes['seed.' ~ project_name ~ '.' ~ name], columns)) }}
{%- endmacro %}

{% macro default__rows_of_seed(node, columns) -%}
    {#- within the seed's own hook dbt does not know yet that the table is there -#}
    {%- set is_this = model is defined and model.unique_id == node.unique_id -%}
    {%- set relation = (
        api.Relation.create(node.database, node.schema, node.alias) if is_this
        else adapter.get_relation(node.database, node.schema, node.alias)
    ) -%}
    {{ return({
        'rows': rows_of_query(relation, columns) if relation else [],
        'is_current': relation is not none and (is_this or flags.WHICH not in ('build', 'seed')),
    }) }}
{%- endmacro %}

{% macro duckdb__rows_of_seed(node, columns) -%}
    {%- set file = (node.root_path ~ '/' ~ node.original_file_path) | replace("'", "''") -%}
    {{ return({
        'rows': rows_of_query("read_csv('" ~ file ~ "', header = true, all_varchar = true, quote = '\"')", columns),
        'is_current': true,
    }) }}
{%- endmacro %}

{% macro rows_of_query(relation, columns) -%}
    {%- set rows = [] -%}
    {%- for row in run_query('select ' ~ columns | join(', ') ~ ' from ' ~ relation) -%}
        {%- set values = {} -%}
        {%- for column in columns -%}
            {%- do values.update({column: row[loop.index0]}) -%}
        {%- endfor -%}
        {%- do rows.append(values) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}
