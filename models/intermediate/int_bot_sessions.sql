-- Grain: one session with a bot. What became of it is known at its end.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

unioned as (

    {{ union_systems('bot_sessions', touched='session_id') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

final as (

    select
        unioned.source_system || ':' || unioned.session_id as session_key,
        unioned.source_system,
        unioned.session_id,
        {{ resolved_customer('unioned.customer_key') }} as customer_key,
        unioned.started_at,
        unioned.intent,
        {{ at_as_of('unioned.ended_at', 'unioned.ended_at') }} as ended_at,
        {{ at_as_of('unioned.is_contained', 'coalesce(unioned.ended_at, unioned.started_at)') }} as is_contained,
        {{ at_as_of('unioned.handed_off_to', 'coalesce(unioned.ended_at, unioned.started_at)') }} as handed_off_to
    from unioned
    left join identities
        on unioned.customer_key = identities.identifier_key

)

select * from final
