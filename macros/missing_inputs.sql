{#- What each system lacks of what the rows of a catalogue need. Written behind `with`, it adds CTEs, the last of which is `missing`:
    source_system, the key, missing_inputs (in one text, in order). It reads the CTEs `catalogue`, with the column `inputs`
    (words of dim_inputs, parted by semicolons), and `inputs`, which is dim_inputs; `systems` has each system once. -#}
{% macro missing_inputs(key) -%}
systems as (

    select distinct source_system from inputs

),

needed as (

    select
        {{ key }},
        {{ listed_words('inputs') }} as input_name
    from catalogue

),

missing as (

    select
        systems.source_system,
        needed.{{ key }},
        {{ dbt.listagg('needed.input_name', "', '", 'order by ' ~ text_order('needed.input_name')) }} as missing_inputs
    from systems
    cross join needed
    left join inputs
        on
            systems.source_system = inputs.source_system
            and needed.input_name = inputs.input_name
    where inputs.input_name is null
    group by systems.source_system, needed.{{ key }}

)
{%- endmacro %}
