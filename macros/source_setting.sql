{#- What the var `name` says of a source system. Stops the run where it says nothing: --vars replaces a whole mapping for
    plain dbt (`counterweight build` puts it over the defaults). -#}
{% macro source_setting(name, system) -%}
    {%- set value = var(name).get(system) -%}
    {%- if value is none and execute and system in source_systems() -%}
        {%- do exceptions.raise_compiler_error(
            "The variable " ~ name ~ " says nothing of the source system '" ~ system ~ "'. Give all of them."
        ) -%}
    {%- endif -%}
    {{ return(value) }}
{%- endmacro %}

{#- How a system writes the times of a column: the var source_timestamp_formats, by `table.column`, by column, else `*`
    (a plain list stands for `*`). -#}
{% macro timestamp_formats(system, table, column) -%}
    {%- set formats = source_setting('source_timestamp_formats', system) or [] -%}
    {%- if formats is mapping -%}
        {%- set formats = formats.get(table ~ '.' ~ column) or formats.get(column) or formats.get('*') -%}
        {%- if formats is none and execute -%}
            {%- do exceptions.raise_compiler_error(
                "The variable source_timestamp_formats says nothing of " ~ system ~ "." ~ table ~ "." ~ column
                ~ ". Add it, or '*' for all columns."
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(formats) }}
{%- endmacro %}

{#- The source systems that are read, with the canonical tables that each emits: the var source_systems without those whose
    own variable `<system>_schema` is null. -#}
{% macro source_systems() -%}
    {%- set systems = {} -%}
    {%- for system, tables in var('source_systems').items() if var(system ~ '_schema', 'raw') is not none -%}
        {%- do systems.update({system: tables}) -%}
    {%- endfor -%}
    {{ return(systems) }}
{%- endmacro %}

{#- Whether a system's tables are read where a connector keeps them: its variable `<system>_schema` names another schema
    than raw, where `load` lands files. -#}
{% macro is_read_in_place(system) -%}
    {{ return(var(system ~ '_schema', 'raw') not in (none, 'raw')) }}
{%- endmacro %}
