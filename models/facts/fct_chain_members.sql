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

horizons as (

    {{ desk_horizons() }}

),

judged as (

    select
        members.*,
        neighbours.interaction_id is not null as is_counted,
        neighbours.is_index,
        neighbours.seconds_to_next,
        neighbours.seconds_from_index,
        neighbours.is_index
        and coalesce(
            {{ seconds_between('neighbours.ended_at', 'horizons.observed_until') }} >= members.window_days * 86400,
            false
        ) as is_mature
    from members
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    left join neighbours
        on members.interaction_id = neighbours.interaction_id
    left join horizons
        on interactions.source_system = horizons.source_system

),

final as (

    select
        window_days,
        interaction_id,
        chain_id,
        chain_position,
        is_new_visit,
        customer_key,
        issue_key,
        started_at,
        case when is_counted then coalesce(seconds_from_index between 901 and window_days * 86400, false) end
            as is_repeat,
        case
            when not is_index then null
            when seconds_to_next between 901 and window_days * 86400 then true
            when is_mature or seconds_to_next <= 900 then false
        end as is_trigger,
        coalesce(is_mature, false) as is_mature
    from judged

)

select * from final
