-- Grain: one wait for the customer (`pending`) that stopped a ticket's clock after the first tenth of the time allowed and before
-- its deadline. Marked: begun in the last fifth, though nobody had asked: no agent wrote to the customer within a quarter
-- of an hour of it, no contact about the ticket began then, and the customer wrote nothing while it lasted.
with

statuses as (

    select
        ticket_key,
        source_system,
        interval_number,
        value as status,
        started_at,
        ended_at,
        elapsed_seconds,
        business_seconds
    from {{ ref('fct_ticket_intervals') }}
    where field = 'status'

),

clocks as (

    select
        ticket_key,
        target_seconds,
        is_around_the_clock
    from {{ ref('fct_ticket_clocks') }}
    where metric = 'resolution' and target_seconds > 0

),

-- how long the clock had run when a status began
run_before as (

    select
        statuses.ticket_key,
        statuses.source_system,
        statuses.interval_number,
        statuses.status,
        statuses.started_at,
        statuses.ended_at,
        clocks.target_seconds,
        coalesce(
            sum(
                case
                    when statuses.status in ('pending', 'on_hold', 'resolved', 'solved', 'closed') then 0
                    when clocks.is_around_the_clock then statuses.elapsed_seconds
                    else coalesce(statuses.business_seconds, statuses.elapsed_seconds)
                end
            ) over (
                partition by statuses.ticket_key
                order by statuses.interval_number
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as run_seconds
    from statuses
    inner join clocks
        on statuses.ticket_key = clocks.ticket_key

),

-- Who waits for somebody else (`on_hold`) has nothing to ask the customer. A pause within the first tenth stands beside the
-- first answer, which would pass for a question.
pauses as (

    select
        *,
        ticket_key || '#' || cast(interval_number as varchar) as pause_id
    from run_before
    where
        status = 'pending'
        and 10 * run_seconds >= target_seconds
        and run_seconds < target_seconds

),

-- by a person or by a template that a person sent; or there and then by telephone; or what the customer wrote shows it
asked as (

    select pauses.pause_id
    from pauses
    inner join {{ ref('fct_ticket_messages') }} as messages
        on
            pauses.ticket_key = messages.ticket_key
            and (
                messages.is_public_agent_reply
                and messages.sent_at >= pauses.started_at - interval '15' minute
                and messages.sent_at <= pauses.started_at + interval '15' minute
                or messages.is_from_customer
                and messages.sent_at > pauses.started_at
                and (pauses.ended_at is null or messages.sent_at <= pauses.ended_at)
            )
    union
    select pauses.pause_id
    from pauses
    inner join {{ ref('fct_interactions') }} as contacts
        on
            pauses.ticket_key = contacts.ticket_key
            and contacts.kind = 'contact'
            and contacts.started_at >= pauses.started_at - interval '15' minute
            and contacts.started_at <= pauses.started_at + interval '15' minute

),

{{ hands_at('pauses', 'pause_id', 'started_at') }},

{{ placed_at('started_at') }},

judged as (

    select
        placed.*,
        asked.pause_id is null as is_silent,
        5 * placed.run_seconds >= 4 * placed.target_seconds as is_late
    from placed
    left join asked
        on placed.pause_id = asked.pause_id

),

final as (

    select
        {{ case_columns(
            'D07', 'started_at', 'is_late and is_silent',
            team_id='own_team_id', ticket_key='ticket_key', agent_key='agent_key',
        ) }},
        is_silent,
        is_late
    from judged

)

select * from final
