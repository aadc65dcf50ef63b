-- Grain: one row of a file from which on its rows stand a number of lines further down.
select
    source_system,
    raw_table,
    source_file,
    loaded_at,
    row_number,
    lines_before
from {{ source('load', 'lines') }}
