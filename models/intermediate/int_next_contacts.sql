-- Grain: one counted interaction of a known customer, with the very next one about the same issue, abandoned ones
-- included. An index contact is one that could have settled it: answered, an opening, or a return.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

interactions as (

    select
        interaction_id,
        customer_key,
        issue_key,
        started_at,
        case when kind = 'contact' then is_answered else true end as is_index,
        -- an opening or a return ends at once
        ended_at
    from {{ ref('int_issue_interactions') }}
    where is_counted and {{ is_touched('customer_key') }}

),

neighbours as (

    select
        *,
        lag(interaction_id) over (
            partition by customer_key, issue_key order by started_at, {{ text_order('interaction_id') }}
        ) as previous_interaction_id,
        lead(interaction_id) over (
            partition by customer_key, issue_key order by started_at, {{ text_order('interaction_id') }}
        ) as next_interaction_id,
        lead(started_at) over (
            partition by customer_key, issue_key order by started_at, {{ text_order('interaction_id') }}
        ) as next_started_at
    from interactions

),

measured as (

    select
        *,
        case when is_index then {{ seconds_between('ended_at', 'next_started_at') }} end as seconds_to_next
    from neighbours

),

final as (

    select
        interaction_id,
        customer_key,
        issue_key,
        is_index,
        ended_at,
        previous_interaction_id,
        next_interaction_id,
        next_started_at,
        seconds_to_next,
        lag(seconds_to_next) over (
            partition by customer_key, issue_key order by started_at, {{ text_order('interaction_id') }}
        ) as seconds_from_index
    from measured

)

select * from final
