-- Grain: one interaction: a contact, the opening of a ticket, or a customer's return to a resolved ticket.
with

interactions as (

    select * from {{ ref('int_interactions') }}

),

final as (

    select
        interaction_id,
        kind,
        source_system,
        contact_key,
        ticket_key,
        direction,
        channel,
        customer_key,
        account_id,
        category,
        issue_key,
        team_id,
        started_at,
        ended_at,
        is_counted,
        is_request,
        is_answered,
        is_abandoned,
        cast(leg_count as integer) as leg_count,
        talk_seconds,
        hold_seconds,
        wrap_seconds
    from interactions

)

select * from final
