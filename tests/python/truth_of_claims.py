"""What a world's truth, and its raw tables, say of each claim: back in time, never back, or a matter of coincidence.

Written on the raw files alone, so that the warehouse's verdicts can be compared with it.
"""

# One row a claim and window: `expected` is what the verdict must be once mature, null where only a coincidence decides
# (another problem of the same customer) or where no raw table shows what happened.
EXPECTED = """
with people as (
    select value as identifier, min(customer_id) as customer
    from (
        select value, customer_id from '{world}/raw/identities.parquet'
        union
        select customer_id, customer_id from '{world}/raw/identities.parquet'
    )
    group by value
    having count(distinct customer_id) = 1
),

tickets as (
    select
        tickets.*,
        people.customer,
        category || coalesce(' / ' || subcategory, '') as issue,
        coalesce(recoded.ticket_id is not null, false) as is_recoded
    from '{world}/raw/tickets.parquet' as tickets
    left join people on tickets.requester_id = people.identifier
    left join (
        select distinct ticket_id from '{world}/raw/ticket_events.parquet' where field in ('category', 'subcategory')
    ) as recoded using (ticket_id)
),

legs as (
    select
        *,
        row_number() over (
            partition by contact_id order by case when answered_at is null then 1 else 0 end, leg_number
        ) as place
    from '{world}/raw/calls.parquet'
    where direction = 'inbound'
),

contacts as (
    select
        contact_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(case when place = 1 then people.customer end) as customer,
        max(case when place = 1 then category end) as category,
        max(case when place = 1 then category || coalesce(' / ' || subcategory, '') end) as issue,
        max(case when place = 1 then ticket_id end) as ticket_id
    from legs
    left join people on legs.customer_id = people.identifier
    group by contact_id
),

requests as (
    select distinct category from '{world}/raw/categories.parquet' where is_request
),

sessions as (
    select sessions.*, people.customer
    from '{world}/raw/bot_sessions.parquet' as sessions
    left join people on sessions.customer_id = people.identifier
),

status_events as (
    select
        *,
        lead(event_at) over (partition by ticket_id order by event_sequence) as next_at,
        lead(new_value) over (partition by ticket_id order by event_sequence) as next_value
    from '{world}/raw/ticket_events.parquet'
    where field = 'status'
),

-- every claim with who it is about, and by what key a return would be recognised
claims as (
    select
        truth.*,
        coalesce(tickets.customer, contacts.customer, sessions.customer) as customer,
        coalesce(tickets.issue, contacts.issue, sessions.intent) as issue,
        coalesce(tickets.is_recoded, false) as is_recoded,
        tickets.problem_id as record,
        tickets.parent_ticket_id as parent
    from '{world}/truth/claims.parquet' as truth
    left join tickets on truth.claim_type = 'ticket_resolved' and truth.ticket_id = tickets.ticket_id
    left join contacts on truth.claim_type = 'contact_handled' and truth.contact_id = contacts.contact_id
    left join sessions on truth.claim_type = 'contained_by_bot' and truth.session_id = sessions.session_id
),

-- what the truth calls the return, and whether the raw tables show it as one
shown as (
    select
        claims.*,
        coalesce(back.event_at, again.created_at, called.started_at) as shown_at,
        case
            -- reopened, and for longer than an agent's slip
            when claims.claim_type = 'ticket_resolved' and back.event_id is not null
                then not (
                    back.actor_type = 'agent' and back.next_value is not null
                    and back.next_at - back.event_at < interval 300 second
                )
            when claims.claim_type = 'ticket_resolved' and again.follow_up_of = claims.ticket_id then true
            when claims.is_recoded or coalesce(again.is_recoded, false) then false
            -- of a contact a reopened ticket is neither another ticket nor a contact
            when back.event_id is not null then false
            -- coming again for something new is no return
            when coalesce(again.category, called.category) in (from requests) then false
            when again.ticket_id is not null
                then claims.customer = again.customer
                    and case
                        when claims.claim_type = 'contained_by_bot' then claims.issue = again.category
                        else claims.issue = again.issue
                    end
                    and again.ticket_type = 'incident'
                    and not coalesce(claims.record = again.problem_id, false)
                    and not coalesce(claims.parent = again.parent_ticket_id, false)
            when called.contact_id is not null
                then claims.customer = called.customer
                    and case
                        when claims.claim_type = 'contained_by_bot' then claims.issue = called.category
                        else claims.issue = called.issue
                    end
                    -- a call that names the ticket is R4
                    and not (
                        claims.claim_type = 'ticket_resolved' and coalesce(called.ticket_id = claims.ticket_id, false)
                    )
                    and not (
                        claims.claim_type = 'contact_handled'
                        and called.started_at <= claims.claimed_at + interval 15 minute
                    )
        end as is_shown
    from claims
    left join status_events as back on claims.return_event_id = back.event_id
    left join tickets as again on claims.return_ticket_id = again.ticket_id
    left join contacts as called on claims.return_contact_id = called.contact_id
),

-- a return answers the latest claim before it
latest as (
    select
        shown.*,
        exists (
            select 1 from claims as later
            where
                later.claim_type = shown.claim_type
                and later.customer = shown.customer
                and (later.issue = shown.issue or later.is_recoded)
                and later.claimed_at > shown.claimed_at
                and later.claimed_at < shown.returned_at
        ) as is_answered_later
    from shown
),

-- everything a customer did, whatever it was about
comings as (
    select customer, started_at as came_at, contact_id as thing from contacts
    union all
    select customer, created_at, ticket_id from tickets
),

links as (
    select unnest([follow_up_of, duplicate_of, parent_ticket_id]) as ticket_id, created_at as linked_at from tickets
)

select
    latest.claim_type,
    coalesce(latest.session_id, latest.contact_id, latest.ticket_id) as thing,
    latest.claimed_at,
    windows.days as window_days,
    case
        when latest.returned_at is not null
            and coalesce(latest.shown_at, latest.returned_at) <= latest.claimed_at + to_days(windows.days)
            then case
                when latest.return_event_id is not null and latest.claim_type = 'ticket_resolved' and latest.is_shown
                    then 'falsified'
                when latest.is_shown and not latest.is_answered_later then 'falsified'
            end
        when
            not exists (
                select 1 from comings
                where
                    comings.customer = latest.customer
                    and comings.came_at > latest.claimed_at
                    and comings.came_at <= latest.claimed_at + to_days(windows.days)
            )
            and not exists (
                select 1 from links
                where
                    links.ticket_id = latest.ticket_id
                    and links.linked_at > latest.claimed_at
                    and links.linked_at <= latest.claimed_at + to_days(windows.days)
            )
            and not exists (
                select 1 from status_events
                where
                    latest.claim_type = 'ticket_resolved'
                    and status_events.ticket_id = latest.ticket_id
                    and status_events.new_value <> 'closed'
                    and status_events.event_at > latest.claimed_at
                    and status_events.event_at <= latest.claimed_at + to_days(windows.days)
            )
            then 'held'
    end as expected,
    latest.shown_at
from latest
cross join (values (1), (7), (14), (30)) as windows (days)
where latest.customer is not null
"""
