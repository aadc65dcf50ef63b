-- Fact = fact: of each raw table, file, load and reason as many rows are listed as were given the fate `quarantined`, and the mart has
-- them all.
with

fated as (

    select
        source_system,
        raw_table,
        -- a connector may tell neither
        coalesce(source_file, '(none)') as source_file,
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00') as loaded_at,
        fate_reason,
        row_count
    from {{ ref('fct_row_fates') }}
    where fate = 'quarantined'

),

listed as (

    select
        source_system,
        raw_table,
        coalesce(source_file, '(none)') as source_file,
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00') as loaded_at,
        fate_reason,
        count(*) as row_count
    from {{ ref('fct_quarantined_rows') }}
    group by
        source_system,
        raw_table,
        coalesce(source_file, '(none)'),
        coalesce(loaded_at, timestamp '1900-01-01 00:00:00'),
        fate_reason

),

told as (

    select
        source_system,
        raw_table,
        fate_reason,
        sum(row_count) as row_count
    from listed
    group by source_system, raw_table, fate_reason

)

select
    coalesce(fated.raw_table, listed.raw_table) as raw_table,
    coalesce(fated.fate_reason, listed.fate_reason) as fate_reason,
    fated.row_count as fated_rows,
    listed.row_count as listed_rows
from fated
full outer join listed
    on
        fated.source_system = listed.source_system
        and fated.raw_table = listed.raw_table
        and fated.source_file = listed.source_file
        and fated.loaded_at = listed.loaded_at
        and fated.fate_reason = listed.fate_reason
where fated.row_count is distinct from listed.row_count
union all
select
    coalesce(told.raw_table, mart.raw_table) as raw_table,
    coalesce(told.fate_reason, mart.fate_reason) as fate_reason,
    told.row_count as fated_rows,
    mart.row_count as listed_rows
from told
full outer join {{ ref('quarantine') }} as mart
    on
        told.source_system = mart.source_system
        and told.raw_table = mart.raw_table
        and told.fate_reason = mart.fate_reason
where told.row_count is distinct from mart.row_count
