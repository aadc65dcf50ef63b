-- Grain: audited build x source system x subject x item x measure. A view: the build that is audited notes itself when it has passed,
-- after its tables were made.
{{ config(materialized='view') }}

with

final as (

    select
        -- grain
        build_number,
        build_id,
        loaded_at,
        source_system,
        subject,
        item,
        measure,

        -- the measure
        value_count,
        base_count,
        cast({{ ratio('value_count', 'base_count') }} as decimal(9, 4)) as value_share,
        value_at
    from {{ ref('stg_audit__data_health_history') }}

)

select * from final
