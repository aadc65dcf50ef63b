-- Grain: one measure of data_health in one audited build.
select
    build_number,
    build_id,
    loaded_at,
    source_system,
    subject,
    item,
    measure,
    value_count,
    base_count,
    value_at
from {{ source('audit', 'data_health_history') }}
