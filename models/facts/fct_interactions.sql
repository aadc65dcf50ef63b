-- Grain: one interaction: a contact, the opening of a ticket, or a customer's return to a resolved ticket.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

interactions as (

    select * from {{ ref('int_interactions') }}
    where {{ is_touched('interaction_id') }}

),

chains as (

    select
        members.interaction_id,
        members.chain_id,
        members.chain_position
    from {{ ref('int_chain_members') }} as members
    inner join {{ ref('windows') }} as windows
        on
            members.window_days = windows.window_days
            and windows.is_default

),

neighbours as (

    select * from {{ ref('int_next_contacts') }}

),

final as (

    select
        -- keys
        interactions.interaction_id,
        interactions.kind,
        interactions.source_system,
        interactions.contact_key,
        interactions.ticket_key,

        -- who came about what
        interactions.direction,
        interactions.channel,
        interactions.customer_key,
        interactions.account_id,
        interactions.category,
        interactions.issue_key,
        interactions.queue,
        interactions.team_id,
        interactions.started_at,
        interactions.ended_at,
        interactions.is_counted,
        interactions.is_request,

        -- how it went
        interactions.is_answered,
        interactions.is_abandoned,
        interactions.is_short_hang_up,
        interactions.is_short_abandon,
        interactions.reported_resolved,
        interactions.reported_first_contact_resolution,
        interactions.opened_by,
        cast(interactions.leg_count as integer) as leg_count,
        cast(interactions.answered_leg_count as integer) as answered_leg_count,
        cast(interactions.transfer_count as integer) as transfer_count,
        cast(interactions.consult_count as integer) as consult_count,

        -- what it took
        interactions.wait_seconds,
        interactions.talk_seconds,
        interactions.hold_seconds,
        interactions.wrap_seconds,
        interactions.handle_seconds as contact_handle_seconds,

        -- how often
        chains.chain_id,
        chains.chain_position,
        neighbours.is_index,
        neighbours.previous_interaction_id,
        neighbours.next_interaction_id,
        neighbours.next_started_at,
        neighbours.seconds_to_next,
        neighbours.seconds_to_next <= 900 as is_forwarded
    from interactions
    left join chains
        on interactions.interaction_id = chains.interaction_id
    left join neighbours
        on interactions.interaction_id = neighbours.interaction_id

)

select * from final
