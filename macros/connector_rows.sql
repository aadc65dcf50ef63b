{#- Rows of a raw table as text, column by column, with a key of their content and where they come from. `load` lands them
    so. Where a connector's own tables are read (is_read_in_place), nothing is made or changed there: a column or a table
    that it does not have is null or empty here, and the table's last synchronisation stands for its load. -#}
{% macro connector_rows(system, table, columns) -%}
    {%- if not is_read_in_place(system) %}
    select
        {%- for column in columns %}
        nullif({{ trimmed("cast(" ~ adapter.quote(column) ~ " as varchar)") }}, '') as {{ adapter.quote(column) }},
        {%- endfor %}
        {{ content_key(columns) }} as content_key,
        _loaded_at,
        _source_file,
        _row_number
    from {{ source(system, table) }}
    {%- else %}
    {%- set present = connector_columns(system, table) %}
    {%- set read = [] %}
    {%- for column in columns if column in present %}{% do read.append(column) %}{% endfor %}
    select
        {%- for column in columns %}
        {%- if column in present %}
        nullif({{ trimmed("cast(" ~ adapter.quote(column) ~ " as varchar)") }}, '') as {{ adapter.quote(column) }},
        {%- else %}
        cast(null as varchar) as {{ adapter.quote(column) }},
        {%- endif %}
        {%- endfor %}
        {{ content_key(read) if read else "''" }} as content_key,
        _loaded_at,
        _source_file,
        _row_number
    from (
        {{ connector_provenance(system, table, read) }}
    ) as landed
    {%- endif %}
{%- endmacro %}

{#- Columns of a connector's table, with those that `load` writes: what each row is, and when its table was last
    synchronised. -#}
{% macro connector_provenance(system, table, columns=[]) -%}
        {%- set present = connector_columns(system, table) %}
        select
            {%- for column in columns %}
            {{ adapter.quote(column) }},
            {%- endfor %}
            {{ 'synced._loaded_at' if '_fivetran_synced' in present else 'cast(null as timestamp) as _loaded_at' }},
            '{{ table }}' as _source_file,
            cast(null as bigint) as _row_number
        {%- if present %}
        from {{ source(system, table) }}
        {%- else %}
        where 1 = 0
        {%- endif %}
        {%- if '_fivetran_synced' in present %}
        cross join (
            select {{ parse_timestamp("cast(max(_fivetran_synced) as varchar)", ['iso']) }} as _loaded_at
            from {{ source(system, table) }}
        ) as synced
        {%- endif %}
{%- endmacro %}

{#- What load wrote of each raw row, or what stands for it in a connector's own table. For counting rows in raw. -#}
{% macro raw_provenance(system, table) -%}
    {%- if not is_read_in_place(system) -%}
    {{ source(system, table) }}
    {%- else -%}
    (
        {{ connector_provenance(system, table) }}
    )
    {%- endif -%}
{%- endmacro %}

{#- Columns that a connector's table has; none where there is no such table. -#}
{% macro connector_columns(system, table) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set named = source(system, table) -%}
        {%- set relation = adapter.get_relation(named.database, named.schema, named.identifier) -%}
        {%- if relation is not none -%}
            {%- for column in adapter.get_columns_in_relation(relation) -%}
                {%- do found.append(column.name) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
