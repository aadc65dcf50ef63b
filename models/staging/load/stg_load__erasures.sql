-- Grain: the rows of one file that were erased on request, at one time. Counts: whose they were, nobody knows any more.
select
    source_system,
    raw_table,
    source_file,
    loaded_at,
    erased_at,
    row_count
from {{ source('load', 'erasures') }}
