-- Grain: raw table x load x fate x reason. Every raw row has exactly one fate; the counts add up to the rows loaded.
with

rows as (

    {% for system, tables in raw_tables().items() if system in source_systems() -%}
    {% for table in tables -%}
    select
        '{{ system }}' as source_system,
        '{{ table }}' as raw_table,
        _source_file as source_file,
        _loaded_at as loaded_at,
        fate,
        fate_reason
    from {{ ref('base_' ~ system ~ '__' ~ table) }}
    union all
    {% endfor %}
    {% endfor -%}
    -- lines that never became rows
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        'quarantined' as fate,
        reason as fate_reason
    from {{ ref('stg_load__rejects') }}

),

final as (

    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        fate,
        fate_reason,
        count(*) as row_count
    from rows
    group by source_system, raw_table, source_file, loaded_at, fate, fate_reason

)

select * from final
