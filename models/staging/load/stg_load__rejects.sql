-- Grain: one line of a file that could not be read as a row.
select
    source_system,
    raw_table,
    source_file,
    loaded_at,
    line_number,
    reason
from {{ source('load', 'rejects') }}
