-- Grain: one customer key that proves nothing by coming back, or one category in which it does not: it stands for many
-- people (seeded, or far more inbound interactions than anybody else at the desk), or its calls in that category are
-- normal business. Its claims are unobservable. Rebuilt in full: it depends on everybody.
{{ config(materialized='incremental', incremental_strategy='compared') }}

with

interactions as (

    select
        interactions.*,
        desks.desk
    from {{ ref('int_interactions') }} as interactions
    inner join {{ ref('int_desks') }} as desks
        on interactions.source_system = desks.source_system
    where interactions.customer_key is not null

),

identities as (

    select * from {{ ref('int_identities') }}

),

volumes as (

    select
        desk,
        customer_key,
        {{ count_where('is_counted') }} as interaction_count
    from interactions
    group by desk, customer_key

),

limits as (

    select
        desk,
        percentile_disc(0.99) within group (order by interaction_count) as p99,
        percentile_disc(0.999) within group (order by interaction_count) as p999
    from volumes
    where interaction_count > 0
    group by desk

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

listed as (

    select {{ person_key('listed.customer_id', 'listed.source_system', 'salt.salt') }} as identifier_key
    from {{ ref('shared_identities') }} as listed
    cross join salt
    where listed.customer_id <> '*'

),

seeded as (

    select distinct {{ resolved_customer('listed.identifier_key') }} as customer_key
    from listed
    left join identities
        on listed.identifier_key = identities.identifier_key

),

shared as (

    select
        volumes.customer_key,
        cast(null as varchar) as category,
        volumes.interaction_count,
        case when seeded.customer_key is not null then 'seeded' else 'volume' end as reason
    from volumes
    left join limits
        on volumes.desk = limits.desk
    left join seeded
        on volumes.customer_key = seeded.customer_key
    where
        seeded.customer_key is not null
        or (
            volumes.interaction_count > limits.p999
            and volumes.interaction_count > 4 * limits.p99
        )

),

regulars as (

    select
        interactions.customer_key,
        interactions.category,
        count(*) as interaction_count,
        'normal_business' as reason
    from interactions
    inner join {{ ref('shared_identities') }} as listed
        on
            interactions.source_system = listed.source_system
            and interactions.category = listed.category
            and listed.customer_id = '*'
    left join shared
        on interactions.customer_key = shared.customer_key
    where interactions.is_counted and shared.customer_key is null
    group by interactions.customer_key, interactions.category

),

final as (

    select * from shared
    union all
    select * from regulars

)

select * from final
