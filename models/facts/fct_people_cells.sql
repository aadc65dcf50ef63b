-- Grain: month x team, queue, channel or total in which people worked: may its handle time be shown? A unit with too few
-- people is suppressed, and so is the next smallest where the rest of the total would be that unit alone.
{% set zone = var('reporting_time_zone') %}

with

answered as (

    select
        source_system,
        contact_key,
        agent_key,
        row_number() over (
            partition by contact_key
            order by leg_position, {{ text_order('leg_id') }}
        ) as answer_number
    from {{ ref('fct_contact_legs') }}
    where is_answered

),

-- whom a contact's figures speak of: the agent who answered first
contacts as (

    select
        interactions.source_system,
        dates.month_start,
        'contact' as basis,
        answered.agent_key,
        coalesce(interactions.team_id, '(none)') as team,
        coalesce(interactions.queue, '(none)') as queue,
        coalesce(interactions.channel, '(none)') as channel
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', zone) }} as date) = dates.date_day
    left join answered
        on
            interactions.contact_key = answered.contact_key
            and answered.answer_number = 1
    where interactions.kind = 'contact' and interactions.contact_handle_seconds is not null

),

days as (

    select
        agent_days.source_system,
        dates.month_start,
        'day' as basis,
        agent_days.agent_key,
        coalesce(agents.team_id, '(none)') as team,
        cast(null as varchar) as queue,
        cast(null as varchar) as channel
    from {{ ref('fct_agent_days') }} as agent_days
    inner join {{ ref('dim_dates') }} as dates
        on agent_days.day_on = dates.date_day
    left join {{ ref('dim_agents') }} as agents
        on
            agent_days.source_system = agents.source_system
            and agent_days.agent_key = agents.agent_key
            and (agents.valid_from is null or cast(agents.valid_from as date) <= agent_days.day_on)
            and (agents.valid_to is null or agent_days.day_on < cast(agents.valid_to as date))

),

memberships as (

    select distinct * from contacts
    union all
    select distinct * from days

),

{{ suppressed_cells('memberships') }},

final as (

    select
        source_system,
        month_start,
        unit_type,
        unit,
        contact_agent_count,
        day_agent_count,
        is_small,
        is_suppressed
    from suppressed_cells

)

select * from final
