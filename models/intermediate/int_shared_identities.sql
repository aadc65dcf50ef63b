-- Grain: one customer key that stands for many people: seeded, or far more inbound interactions than anybody else.
-- Such a customer's returns prove nothing, so its claims are unobservable. Rebuilt in full: it depends on everybody.
with

interactions as (

    select customer_key
    from {{ ref('int_ticket_openings') }}
    where customer_key is not null
    union all
    select customer_key
    from {{ ref('int_resolution_episodes') }}
    where reopened_by = 'requester' and customer_key is not null

),

volumes as (

    select
        customer_key,
        count(*) as interaction_count
    from interactions
    group by customer_key

),

limits as (

    select
        percentile_disc(0.99) within group (order by interaction_count) as p99,
        percentile_disc(0.999) within group (order by interaction_count) as p999
    from volumes

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

seeded as (

    select {{ person_key('listed.customer_id', 'listed.source_system', 'salt.salt') }} as customer_key
    from {{ ref('shared_identities') }} as listed
    cross join salt

),

final as (

    select
        volumes.customer_key,
        volumes.interaction_count,
        case when seeded.customer_key is not null then 'seeded' else 'volume' end as reason
    from volumes
    cross join limits
    left join seeded
        on volumes.customer_key = seeded.customer_key
    where
        seeded.customer_key is not null
        or (
            volumes.interaction_count > limits.p999
            and volumes.interaction_count > 4 * limits.p99
        )

)

select * from final
