-- Mart = fact: per raw table the fates of the mart add up to the rows loaded, and these to the fact's.
with

fact as (

    select
        source_system,
        raw_table,
        sum(row_count) as row_count
    from {{ ref('fct_row_fates') }}
    group by source_system, raw_table

),

mart as (

    select
        source_system,
        item as raw_table,
        sum(case when measure = 'loaded' then value_count end) as loaded_count,
        sum(
            case
                when measure in ('used', 'exact_duplicate', 'superseded', 'excluded', 'quarantined', 'erased')
                    then value_count
            end
        ) as fate_count
    from {{ ref('data_health') }}
    where subject = 'rows'
    group by source_system, item

)

select
    fact.*,
    mart.loaded_count,
    mart.fate_count
from fact
full outer join mart
    on
        fact.source_system = mart.source_system
        and fact.raw_table = mart.raw_table
where
    fact.row_count is distinct from mart.loaded_count
    or fact.row_count is distinct from mart.fate_count
