{#- The canonical table `table` of every loaded source system, one under the other, columns in the contract's order.
    A system that does not list the table in the var `source_systems` gives no rows; where none lists it, the result
    is empty and typed. Columns and types: macro canonical_columns. `touched`: the column that, behind the source system and
    a colon, is the key of the model that reads it; an increment reads only what is touched. -#}
{% macro union_systems(table, touched=none) -%}
    {%- set columns = canonical_columns(table) -%}
    {%- set systems = [] -%}
    {%- for system, tables in source_systems().items() if table in tables -%}
        {%- do systems.append(system) -%}
    {%- endfor -%}
    {%- for system in systems %}
    select
        {%- for column, type in columns.items() %}
        cast({{ column }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_' ~ system ~ '__' ~ table) }}
    {%- if touched %}
    where {{ is_touched("'" ~ system ~ ":' || " ~ touched) }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
