-- Grain: one raw row that is quarantined, or line of a file that load rejected.
with

final as (

    {% for system, tables in raw_tables().items() if system in source_systems() -%}
    {% for table in tables -%}
    {{ quarantined_rows(system, table) }}
    union all
    {% endfor %}
    {% endfor -%}
    -- lines that never became rows: what they were, nobody kept
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        cast(null as bigint) as row_number,
        line_number,
        loaded_at as last_delivered_at,
        reason as fate_reason,
        cast(null as boolean) as is_corrected
    from {{ ref('stg_load__rejects') }}

)

select * from final
