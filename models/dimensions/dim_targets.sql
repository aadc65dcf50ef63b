-- Grain: one version of a target. Joined by time when read.
with

targets as (

    select * from {{ ref('int_targets') }}

),

final as (

    select
        source_system,
        metric,
        scope,
        operator,
        target,
        used_for,
        valid_from,
        valid_to
    from targets

)

select * from final
