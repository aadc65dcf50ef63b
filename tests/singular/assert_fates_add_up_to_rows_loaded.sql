-- Nothing lost: per raw table and load, the fates add up to the rows that lie in raw, the lines that load rejected
-- and the rows that were erased.
-- Counted in raw on purpose: staging is part of what is under test. Nothing against nothing fails too.
with

delivered as (

    {% for system, tables in raw_tables().items() if system in source_systems() -%}
    {% for table in tables -%}
    select
        '{{ system }}' as source_system,
        '{{ table }}' as raw_table,
        _source_file as source_file,
        _loaded_at as loaded_at,
        1 as row_count
    from {{ raw_provenance(system, table) }} as landed
    union all
    {% endfor %}
    {% endfor -%}
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        1 as row_count
    from {{ source('load', 'rejects') }}
    union all
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        row_count
    from {{ source('load', 'erasures') }}

),

loaded as (

    select
        source_system,
        raw_table,
        -- a connector may tell neither
        coalesce(source_file, '(none)') as source_file,
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00') as loaded_at,
        sum(row_count) as row_count
    from delivered
    group by
        source_system,
        raw_table,
        coalesce(source_file, '(none)'),
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00')

),

fated as (

    select
        source_system,
        raw_table,
        coalesce(source_file, '(none)') as source_file,
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00') as loaded_at,
        sum(row_count) as row_count
    from {{ ref('fct_row_fates') }}
    group by
        source_system,
        raw_table,
        coalesce(source_file, '(none)'),
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00')

),

compared as (

    select
        coalesce(loaded.source_system, fated.source_system) as source_system,
        coalesce(loaded.raw_table, fated.raw_table) as raw_table,
        coalesce(loaded.source_file, fated.source_file) as source_file,
        loaded.row_count as loaded_rows,
        fated.row_count as fated_rows
    from loaded
    full outer join fated
        on
            loaded.source_system = fated.source_system
            and loaded.raw_table = fated.raw_table
            and loaded.source_file = fated.source_file
            and loaded.loaded_at = fated.loaded_at

)

select * from compared
where loaded_rows is distinct from fated_rows
union all
select
    null as source_system,
    null as raw_table,
    'nothing was loaded' as source_file,
    null as loaded_rows,
    null as fated_rows
where not exists (select 1 from compared)
