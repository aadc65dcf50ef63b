-- Grain: chain window x interaction: the issue chain it belongs to. A chain is one customer's interactions about one
-- issue; a new one starts when an interaction begins more than the window after the latest end so far.
-- cost: order in a customer's issue, twice, before the windows are known, and five times where a chain goes on.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

windows as (

    select window_days from {{ ref('windows') }}
    where makes_chains

),

interactions as (

    select
        interactions.interaction_id,
        interactions.kind,
        interactions.customer_key,
        interactions.issue_key,
        interactions.started_at,
        interactions.is_counted,
        -- a ticket that a contact opened is the same visit
        coalesce(interactions.contact_key, interactions.interaction_id) as visit,
        case when interactions.kind = 'contact' then interactions.ended_at else tickets.ended_at end as ended_at
    from {{ ref('int_issue_interactions') }} as interactions
    left join {{ ref('int_ticket_ends') }} as tickets
        on interactions.ticket_key = tickets.ticket_key
    where {{ is_touched('interactions.customer_key') }}

),

ended as (

    select
        *,
        max(coalesce(ended_at, timestamp '9999-01-01 00:00:00')) over (
            partition by customer_key, issue_key
            order by started_at, {{ text_order('interaction_id') }}
            rows between unbounded preceding and 1 preceding
        ) as latest_end_so_far
    from interactions

),

spaced as (

    select
        *,
        {{ seconds_between('latest_end_so_far', 'started_at') }} as gap_seconds,
        lead({{ seconds_between('latest_end_so_far', 'started_at') }}) over (
            partition by customer_key, issue_key
            order by started_at, {{ text_order('interaction_id') }}
        ) as next_gap_seconds
    from ended

),

spread as (

    select
        windows.window_days,
        spaced.*,
        coalesce(spaced.gap_seconds <= windows.window_days * 86400, false) as goes_on_before,
        coalesce(spaced.next_gap_seconds <= windows.window_days * 86400, false) as goes_on_after
    from spaced
    cross join windows

),

-- most chains are one interaction long: they need no more windows
numbered as (

    select
        *,
        sum(case when goes_on_before then 0 else 1 end) over (
            partition by window_days, customer_key, issue_key
            order by started_at, {{ text_order('interaction_id') }}
            rows between unbounded preceding and current row
        ) as chain_number
    from spread
    where goes_on_before or goes_on_after

),

visited as (

    select
        *,
        cast(window_days as varchar) || 'd/' || first_value(interaction_id) over (
            partition by window_days, customer_key, issue_key, chain_number
            order by started_at, {{ text_order('interaction_id') }}
            rows between unbounded preceding and current row
        ) as chain_id,
        row_number() over (
            partition by window_days, customer_key, issue_key, chain_number, visit
            order by started_at, {{ text_order('interaction_id') }}
        ) as row_of_visit
    from numbered

),

counted as (

    select
        *,
        cast(sum(case when row_of_visit = 1 then 1 else 0 end) over (
            partition by chain_id
            order by started_at, {{ text_order('interaction_id') }}
            rows between unbounded preceding and current row
        ) as integer) as visits_so_far
    from visited

),

final as (

    select
        window_days,
        interaction_id,
        chain_id,
        customer_key,
        issue_key,
        -- of its visit, also where another visit began before the ticket was opened
        min(visits_so_far) over (partition by chain_id, visit) as chain_position,
        row_of_visit = 1 as is_new_visit,
        started_at,
        ended_at
    from counted
    union all
    select
        window_days,
        interaction_id,
        cast(window_days as varchar) || 'd/' || interaction_id as chain_id,
        customer_key,
        issue_key,
        1 as chain_position,
        true as is_new_visit,
        started_at,
        ended_at
    from spread
    where not goes_on_before and not goes_on_after

)

select * from final
