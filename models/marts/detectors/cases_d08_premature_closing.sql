-- Grain: one ticket that an agent resolved: its first claim, where it is known whether it held. Marked: resolved within ten
-- minutes of the first touch without a word to the customer, and returned (R1 to R3) within 7 days.
with

claims as (

    select * from {{ ref('fct_claim_verdicts') }}
    where claim_type = 'ticket_resolved' and tier_set = 'return' and window_days = 7 and is_headline_cohort

),

episodes as (

    select
        ticket_key,
        resolved_at
    from {{ ref('fct_resolution_episodes') }}
    where episode_number = 1 and resolved_by = 'agent'

),

first_claims as (

    select
        claims.claim_id,
        claims.source_system,
        claims.ticket_key,
        claims.team_id as claim_team_id,
        coalesce(claims.category, '') as category,
        claims.claimed_at,
        claims.is_mature,
        claims.is_observable,
        coalesce(claims.verdict = 'falsified', false) as is_returned
    from claims
    inner join episodes
        on
            claims.ticket_key = episodes.ticket_key
            and claims.claimed_at = episodes.resolved_at
    where claims.is_observable

),

-- somebody has it, or it is no longer new
touches as (

    select
        ticket_key,
        min(started_at) as touched_at
    from {{ ref('fct_ticket_intervals') }}
    where
        field = 'assignee' and assignee_key is not null
        or field = 'status' and value not in ('new', 'resolved', 'closed')
    group by ticket_key

),

-- in writing, or in a call or chat that is about it or in which it was opened
told as (

    select first_claims.claim_id
    from first_claims
    inner join {{ ref('fct_ticket_messages') }} as messages
        on
            first_claims.ticket_key = messages.ticket_key
            and messages.is_public_agent_reply
            and messages.sent_at <= first_claims.claimed_at
    union
    select first_claims.claim_id
    from first_claims
    inner join {{ ref('fct_interactions') }} as contacts
        on
            first_claims.ticket_key = contacts.ticket_key
            and contacts.contact_key is not null
            and contacts.started_at <= first_claims.claimed_at

),

{{ hands_at('first_claims', 'claim_id', 'claimed_at') }},

{{ placed_at('claimed_at') }},

judged as (

    select
        placed.*,
        told.claim_id is null
        and coalesce({{ seconds_between('touches.touched_at', 'placed.claimed_at') }} <= 600, false)
            as is_quick_and_silent
    from placed
    left join touches
        on placed.ticket_key = touches.ticket_key
    left join told
        on placed.claim_id = told.claim_id

),

-- how often the others come back, over all teams
categories as (

    select
        source_system,
        category,
        count(*) as claim_count,
        {{ count_where('is_returned') }} as returned_count,
        cast(sum(count(*)) over (partition by source_system) as bigint) as all_claim_count,
        cast(sum({{ count_where('is_returned') }}) over (partition by source_system) as bigint) as all_returned_count
    from judged
    where is_mature and not is_quick_and_silent
    group by source_system, category

),

expected as (

    select
        judged.*,
        cast(
            10000 * case
                when categories.claim_count >= 30
                    then {{ ratio('categories.returned_count', 'categories.claim_count') }}
                else {{ ratio('categories.all_returned_count', 'categories.all_claim_count') }}
            end as bigint
        ) as expected_returns
    from judged
    left join categories
        on
            judged.source_system = categories.source_system
            and judged.category = categories.category

),

final as (

    select
        {{ case_columns(
            'D08', 'claimed_at', 'is_mature and is_quick_and_silent and is_returned',
            team_id='own_team_id', ticket_key='ticket_key', agent_key='agent_key',
        ) }},
        category,
        is_mature,
        is_quick_and_silent,
        is_returned,
        expected_returns
    from expected

)

select * from final
