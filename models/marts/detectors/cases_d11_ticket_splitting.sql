-- Grain: one ticket that an agent opened, requests and what was opened in a call apart. Marked: there is another one like it,
-- opened for the same customer in the same category within 10 minutes, resolved within the hour, in the same hands.
with

openings as (

    select
        ticket_key,
        source_system,
        customer_key,
        category,
        started_at as opened_at
    from {{ ref('fct_interactions') }}
    where
        kind = 'opening'
        and opened_by = 'agent'
        and contact_key is null
        and customer_key is not null
        and category is not null
        and not coalesce(is_request, false)

),

resolutions as (

    select
        openings.*,
        episodes.resolved_at
    from openings
    left join {{ ref('fct_resolution_episodes') }} as episodes
        on
            openings.ticket_key = episodes.ticket_key
            and episodes.episode_number = 1
            and episodes.closure_mode in ('confirmed', 'silent_auto_close')

),

moments as (

    select
        *,
        coalesce(resolved_at, opened_at) as seen_at
    from resolutions

),

{{ hands_at('moments', 'ticket_key', 'seen_at') }},

{{ placed_at('seen_at') }},

-- the one before of the same category, and the one before of any
neighbours as (

    select
        *,
        {%- for name, keys in {
            'alike': 'source_system, customer_key, category', 'any': 'source_system, customer_key'
        }.items() %}
        lag(opened_at) over (
            partition by {{ keys }} order by opened_at, {{ text_order('ticket_key') }}
        ) as opened_before_{{ name }},
        lag(resolved_at) over (
            partition by {{ keys }} order by opened_at, {{ text_order('ticket_key') }}
        ) as resolved_before_{{ name }},
        lag(agent_key) over (
            partition by {{ keys }} order by opened_at, {{ text_order('ticket_key') }}
        ) as agent_before_{{ name }},
        {%- endfor %}
        lag(category) over (
            partition by source_system, customer_key order by opened_at, {{ text_order('ticket_key') }}
        ) as category_before_any
    from placed

),

judged as (

    select
        *,
        {%- for name in ['alike', 'any'] %}
        coalesce(
            {{ seconds_between('opened_before_' ~ name, 'opened_at') }} <= 600
            and abs({{ seconds_between('resolved_before_' ~ name, 'resolved_at') }}) <= 3600
            and agent_before_{{ name }} = agent_key,
            false
        ) as goes_with_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from neighbours

),

looked_ahead as (

    select
        *,
        coalesce(
            lead(goes_with_alike) over (
                partition by source_system, customer_key, category order by opened_at, {{ text_order('ticket_key') }}
            ),
            false
        ) as is_gone_with
    from judged

),

final as (

    select
        {{ case_columns(
            'D11', 'opened_at', 'goes_with_alike or is_gone_with',
            team_id='own_team_id', ticket_key='ticket_key', agent_key='agent_key',
        ) }},
        category,
        -- one more of the same, one more of another sort
        goes_with_alike as is_one_more,
        goes_with_any and category <> category_before_any as is_something_else
    from looked_ahead

)

select * from final
