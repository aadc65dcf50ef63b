-- Grain: raw table x load x fate x reason. Every raw row has exactly one fate, erased ones too; the counts add up to the
-- rows loaded.
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
        fate_reason,
        1 as row_count
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
        reason as fate_reason,
        1 as row_count
    from {{ ref('stg_load__rejects') }}
    union all
    -- rows that are no more, on request: of them the count alone
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        'erased' as fate,
        cast(null as varchar) as fate_reason,
        row_count
    from {{ ref('stg_load__erasures') }}

),

final as (

    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        fate,
        fate_reason,
        cast(sum(row_count) as bigint) as row_count
    from rows
    group by source_system, raw_table, source_file, loaded_at, fate, fate_reason

)

select * from final
