-- Grain: one resolution after which the customer wrote on the ticket while it could still be reopened, within 7 days. Marked: an
-- agent, not the customer, opened a new ticket about the same thing within a day of the letter, and the old one stayed shut.
with

claims as (

    select
        claim_id,
        source_system,
        ticket_key,
        team_id as claim_team_id,
        claimed_at,
        closed_at,
        episode_id,
        first_r1_at,
        r1_reopened_by,
        r2_ticket_key,
        r3_ticket_key
    from {{ ref('fct_claims') }}
    where claim_type = 'ticket_resolved' and is_headline_cohort

),

-- by an agent, and not in a call: who rings up cannot be answered on the old ticket
openings as (

    select
        ticket_key,
        started_at as opened_at
    from {{ ref('fct_interactions') }}
    where kind = 'opening' and opened_by = 'agent' and contact_key is null

),

named as (

    select
        claim_id,
        r2_ticket_key as new_ticket_key
    from claims
    where r2_ticket_key is not null
    union
    select
        claim_id,
        r3_ticket_key as new_ticket_key
    from claims
    where r3_ticket_key is not null

),

opened as (

    select
        named.claim_id,
        min(openings.opened_at) as opened_at
    from named
    inner join openings
        on named.new_ticket_key = openings.ticket_key
    group by named.claim_id

),

-- never where the tool forbids it
in_time as (

    select
        claims.*,
        case
            when
                {{ seconds_between('claims.claimed_at', 'opened.opened_at') }} <= 7 * 86400
                and (claims.closed_at is null or opened.opened_at < claims.closed_at)
                then opened.opened_at
        end as opened_at,
        case
            when {{ seconds_between('claims.claimed_at', 'claims.first_r1_at') }} <= 7 * 86400 then claims.first_r1_at
        end as reopened_at
    from claims
    left join opened
        on claims.claim_id = opened.claim_id

),

written as (

    select
        in_time.claim_id,
        min(messages.sent_at) as written_at,
        max(
            case
                when
                    messages.sent_at <= in_time.opened_at
                    and messages.sent_at >= in_time.opened_at - interval '1' day
                    then messages.sent_at
            end
        ) as written_before_at
    from in_time
    inner join {{ ref('fct_ticket_messages') }} as messages
        on
            in_time.ticket_key = messages.ticket_key
            and messages.is_from_customer
            and in_time.claimed_at < messages.sent_at
            and (in_time.closed_at is null or messages.sent_at < in_time.closed_at)
    where {{ seconds_between('in_time.claimed_at', 'messages.sent_at') }} <= 7 * 86400
    group by in_time.claim_id

),

-- avoided: a new ticket instead. beside: a new ticket, though the letter had reopened the old one: another problem.
-- thanked: reopened and resolved again without a word. unheard: the letter did nothing.
kinds as (

    select
        in_time.claim_id,
        in_time.source_system,
        in_time.ticket_key,
        in_time.claim_team_id,
        case
            when written.written_before_at is not null then in_time.opened_at
            else coalesce(in_time.reopened_at, written.written_at)
        end as happened_at,
        case
            when written.written_before_at is not null and in_time.reopened_at <= in_time.opened_at then 'beside'
            when written.written_before_at is not null then 'avoided'
            when in_time.reopened_at is not null and in_time.r1_reopened_by <> 'requester' then null
            when episodes.reopen_kind = 'acknowledgement' and in_time.reopened_at is not null then 'thanked'
            when in_time.reopened_at is not null then 'reopened'
            when written.written_at is not null then 'unheard'
        end as kind
    from in_time
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on in_time.episode_id = episodes.episode_id
    left join written
        on in_time.claim_id = written.claim_id

),

replies as (

    select * from kinds
    where kind is not null

),

{{ hands_at('replies', 'claim_id', 'happened_at') }},

{{ placed_at('happened_at') }},

final as (

    select
        {{ case_columns(
            'D10', 'happened_at', "kind = 'avoided'", team_id='own_team_id', ticket_key='ticket_key', agent_key='agent_key'
        ) }},
        kind
    from placed

)

select * from final
