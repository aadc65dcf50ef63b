-- Grain: chain window x interaction: its chain, whether it is a repeat, and whether it caused one. A view: that nothing
-- followed is known only once the window was observed.
{{ config(materialized='view') }}

with

members as (

    select * from {{ ref('int_chain_members') }}

),

interactions as (

    select
        interaction_id,
        source_system
    from {{ ref('int_interactions') }}

),

neighbours as (

    select * from {{ ref('int_next_contacts') }}

),

-- the next contact may come through any door of the desk
horizons as (

    select
        own.source_system,
        least(min(coverage.observed_until), min(coverage.as_of)) as observed_until
    from {{ ref('int_desks') }} as own
    inner join {{ ref('int_desks') }} as other
        on own.desk = other.desk
    inner join {{ ref('dim_feed_coverage') }} as coverage
        on
            other.source_system = coverage.source_system
            and coverage.feed in ('tickets_opened', 'ticket_events', 'calls')
    group by own.source_system

),

final as (

    select
        members.window_days,
        members.interaction_id,
        members.chain_id,
        members.chain_position,
        members.is_new_visit,
        members.customer_key,
        members.issue_key,
        members.started_at,
        case
            when neighbours.interaction_id is not null
                then coalesce(neighbours.seconds_from_index between 901 and members.window_days * 86400, false)
        end as is_repeat,
        case
            when not neighbours.is_index then null
            when neighbours.seconds_to_next between 901 and members.window_days * 86400 then true
            when
                {{ seconds_between('neighbours.ended_at', 'horizons.observed_until') }} >= members.window_days * 86400
                then false
        end as is_trigger
    from members
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    left join neighbours
        on members.interaction_id = neighbours.interaction_id
    left join horizons
        on interactions.source_system = horizons.source_system

)

select * from final
