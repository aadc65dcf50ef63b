-- Grain: one version of a target, and when it held. One version holds at a time.
with

unioned as (

    {{ union_systems('targets') }}

),

final as (

    select
        source_system,
        metric,
        scope,
        operator,
        target,
        {{ lowered(trimmed('used_for')) }} as used_for,
        valid_from,
        {{ version_ends(['source_system', 'metric', 'scope']) }} as valid_to
    from unioned

)

select * from final
