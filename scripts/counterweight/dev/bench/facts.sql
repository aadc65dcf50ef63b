-- The same facts as fct_resolution_episodes, fct_interactions, fct_claims and the return rate by month, by hand: how fast DuckDB
-- can be on a generated world, without dbt. It follows definitions.md, and leaves out what this data never needs:
--   one source system; keys are unique, nothing is repeated, superseded or quarantined, texts have no blanks or capitals to
--   remove: no row is given a fate
--   an identifier is listed by one system, so that customers are never merged; people are compared by what the export says, and
--   hashed once each, at the end
--   every event has a sequence, its old value is the value before it, and every status change names the kind of its actor
--   category_at_open holds until the first change of the category; a subcategory never changes, categories have one version
--   a ticket's policy never changes, its clock is the resolution's, no open period of a calendar goes over midnight UTC
--   every feed ends on a dense day; nothing is pinned by as_of, declared at load, or seeded as shared
-- The bench compares every column with the product's: where a world does not hold to this, they differ and the bench says so.
-- Reads getvariable('raw'), a folder of Parquet, and getvariable('salt'). Each `-- step:` is timed by itself.

-- step: people
create temp table identifiers as
select
    identifier,
    -- listed for two customers, a shared telephone: nobody knows who came
    case when min(customer_id) = max(customer_id) then min(customer_id) end as customer
from (
    select value as identifier, customer_id from read_parquet(getvariable('raw') || '/identities.parquet')
    union all
    select customer_id, customer_id from read_parquet(getvariable('raw') || '/identities.parquet')
)
group by identifier;

-- step: tickets
create temp table tickets as
select
    raw.ticket_id,
    raw.created_at,
    raw.updated_at,
    raw.requester_id,
    case when identifiers.identifier is not null then identifiers.customer else raw.requester_id end as customer,
    raw.channel,
    raw.category_at_open,
    raw.subcategory,
    replace(raw.category_at_open, '/', '//') || coalesce(' / ' || replace(raw.subcategory, '/', '//'), '') as issue,
    raw.team_id,
    raw.problem_id,
    raw.parent_ticket_id,
    raw.duplicate_of,
    raw.follow_up_of,
    raw.sla_policy_id,
    coalesce(raw.is_test, false) as is_test,
    coalesce(raw.resolution_code = 'spam', false) as is_spam,
    coalesce(raw.resolution_code = 'duplicate', false) or raw.duplicate_of is not null or raw.merged_into is not null
        as is_duplicate,
    coalesce(raw.reported_first_contact_resolution, false) as is_flagged,
    raw.created_by_actor_type in ('system', 'automation') as is_machine_made,
    coalesce(raw.ticket_type = 'request', false) or requests.category is not null as is_request
from read_parquet(getvariable('raw') || '/tickets.parquet') as raw
left join identifiers on raw.requester_id = identifiers.identifier
left join (
    select category, subcategory from read_parquet(getvariable('raw') || '/categories.parquet') where is_request
) as requests
    on
        raw.category_at_open = requests.category
        and (requests.subcategory is null or requests.subcategory = raw.subcategory);

-- step: messages
create temp table customer_messages as
select ticket_id, sent_at
from read_parquet(getvariable('raw') || '/ticket_messages.parquet')
where author_type = 'requester' and not coalesce(is_automatic, false);

-- step: episodes
create temp table category_changes as
select ticket_id, event_sequence, new_value as category
from read_parquet(getvariable('raw') || '/ticket_events.parquet')
where field = 'category';

-- entries into resolved, leavings, and closings of what was resolved before
create temp table moves as
with found as (
    select
        events.ticket_id,
        events.event_sequence,
        events.event_at,
        events.new_value = 'closed' as is_closing,
        events.new_value in ('resolved', 'solved', 'closed') as is_resolved,
        coalesce(events.old_value in ('resolved', 'solved', 'closed'), false) as was_resolved,
        events.actor_type,
        events.actor_id
    from read_parquet(getvariable('raw') || '/ticket_events.parquet') as events
    where
        events.field = 'status'
        and (
            events.new_value in ('resolved', 'solved', 'closed')
            or events.old_value in ('resolved', 'solved', 'closed')
        )
),
-- who made it matters of moves alone
named as (
    select
        found.*,
        is_resolved <> was_resolved as is_move,
        case
            when
                tickets.is_machine_made
                and (found.actor_id = tickets.requester_id or found.actor_type = 'requester')
                then 'monitor'
            else found.actor_type
        end as named_actor
    from found
    inner join tickets on found.ticket_id = tickets.ticket_id
),
carried as (
    select named.ticket_id, named.event_sequence
    from named
    asof inner join customer_messages as messages
        on named.ticket_id = messages.ticket_id and named.event_at >= messages.sent_at
    where
        named.is_move
        and named.named_actor in ('system', 'automation')
        and date_diff('second', messages.sent_at, named.event_at) <= 600
),
acted as (
    select
        named.*,
        case when carried.ticket_id is not null then 'requester' else named.named_actor end as actor
    from named
    left join carried
        on named.ticket_id = carried.ticket_id and named.event_sequence = carried.event_sequence
),
ahead as (
    select
        *,
        lead(case when is_move then event_at end ignore nulls) over (
            partition by ticket_id order by event_sequence
        ) as next_move_at
    from acted
)
select
    *,
    case
        when not is_move or is_resolved then null
        when
            actor in ('system', 'automation') and next_move_at is not null
            or actor = 'agent' and date_diff('second', event_at, next_move_at) < 300
            then 'toggle'
        when actor in ('system', 'automation') then 'machine_end'
        else 'reopen'
    end as leaving
from ahead;

create temp table episode_rows as
with numbered as (
    select
        *,
        1 + coalesce(sum(case when leaving in ('reopen', 'machine_end') then 1 end) over (
            partition by ticket_id order by event_sequence rows between unbounded preceding and 1 preceding
        ), 0) as episode_number
    from moves
)
select
    ticket_id,
    cast(episode_number as integer) as episode_number,
    min(event_sequence) filter (where is_move and is_resolved) as entry_sequence,
    arg_min(event_at, event_sequence) filter (where is_move and is_resolved) as resolved_at,
    arg_min(actor, event_sequence) filter (where is_move and is_resolved) as resolved_by,
    arg_min(event_at, event_sequence) filter (where is_closing) as closed_at,
    cast(count(*) filter (where leaving = 'toggle') as integer) as toggle_count,
    max(event_at) filter (where leaving in ('reopen', 'machine_end')) as left_at,
    max(leaving) filter (where leaving in ('reopen', 'machine_end')) as leaving,
    max(actor) filter (where leaving = 'reopen') as reopened_by
from numbered
group by ticket_id, episode_number
having entry_sequence is not null;

create temp table episodes as
select
    rows.ticket_id,
    rows.episode_number,
    rows.ticket_id || '#' || cast(rows.episode_number as varchar) as episode,
    tickets.customer,
    rows.resolved_at,
    rows.resolved_by,
    coalesce(changes.category, tickets.category_at_open) as category,
    case when changes.category is null then tickets.issue
        else replace(changes.category, '/', '//') || coalesce(' / ' || replace(tickets.subcategory, '/', '//'), '')
    end as issue,
    case
        when tickets.is_test then 'test'
        when tickets.is_spam then 'spam'
        when tickets.is_duplicate then 'duplicate'
        when rows.resolved_by in ('system', 'automation', 'monitor') then 'silent_auto_close'
        else 'confirmed'
    end as closure_mode,
    rows.closed_at,
    rows.toggle_count,
    case when rows.left_at is not null then greatest(rows.left_at, rows.resolved_at) end as ended_at,
    case when rows.leaving = 'reopen' then greatest(rows.left_at, rows.resolved_at) end as reopened_at,
    rows.reopened_by,
    rows.entry_sequence
from episode_rows as rows
inner join tickets on rows.ticket_id = tickets.ticket_id
asof left join category_changes as changes
    on rows.ticket_id = changes.ticket_id and rows.entry_sequence >= changes.event_sequence;

-- step: contacts
create temp table legs as
with read as (
    select
        leg_id,
        contact_id,
        leg_number,
        direction,
        channel,
        customer_id,
        agent_id,
        category,
        subcategory,
        ticket_id,
        started_at,
        answered_at,
        ended_at,
        answered_at is not null as is_answered,
        coalesce(is_abandoned, true) as is_abandoned,
        reported_resolved,
        talk_seconds,
        talk_seconds + coalesce(hold_seconds, 0) as busy_seconds,
        coalesce(wrap_seconds, 0) as wrap_seconds,
        date_diff('second', answered_at, ended_at) as open_seconds
    from read_parquet(getvariable('raw') || '/calls.parquet')
),
-- how many chats an agent has open changes at these moments only
instants as (
    select agent_id, leg_id, answered_at as happened_at, 1 as opened
    from read
    where channel = 'chat' and is_answered and agent_id is not null and (ended_at is null or answered_at < ended_at)
    union all
    select agent_id, leg_id, ended_at, -1
    from read
    where channel = 'chat' and is_answered and agent_id is not null and answered_at < ended_at
),
counted as (
    select
        *,
        sum(opened) over (
            by_time rows between unbounded preceding and current row
        ) as open_chats,
        date_diff('second', happened_at, lead(happened_at) over by_time) as until_next
    from instants
    window by_time as (partition by agent_id order by happened_at, opened, leg_id)
),
-- a clock that slows down while several chats are open, in 27720ths of a second: whole for up to twelve chats
clocked as (
    select
        *,
        coalesce(sum((27720 * until_next) // nullif(open_chats, 0)) over (
            partition by agent_id order by happened_at, opened, leg_id rows between unbounded preceding and 1 preceding
        ), 0) as shared_clock
    from counted
),
shares as (
    select leg_id, cast(sum(-1 * opened * shared_clock) as bigint) as units from clocked group by leg_id
)
select
    read.*,
    case
        when not is_answered or direction = 'outbound' or busy_seconds is null then null
        when units is null then busy_seconds + wrap_seconds
        else
            (2 * (
                least(busy_seconds, open_seconds) * (units // open_seconds)
                + (least(busy_seconds, open_seconds) * (units % open_seconds)) // open_seconds
            ) + 27720) // 55440
            + greatest(busy_seconds - open_seconds, 0) + wrap_seconds
    end as handle_seconds
from read
left join shares on read.leg_id = shares.leg_id;

create temp table joined_contacts as
with joined as (
    select
        contact_id,
        arg_min_null(direction, leg_number) as direction,
        coalesce(arg_min_null(category, leg_number) filter (where is_answered), arg_min(category, leg_number))
            as category,
        case
            when arg_min_null(category, leg_number) filter (where is_answered) is not null
                then arg_min_null(subcategory, leg_number) filter (where is_answered)
            when min(category) is not null then arg_min_null(subcategory, leg_number) filter (where category is not null)
        end as subcategory,
        coalesce(arg_min_null(customer_id, leg_number) filter (where is_answered), arg_min(customer_id, leg_number))
            as customer_id,
        coalesce(arg_min_null(ticket_id, leg_number) filter (where is_answered), arg_min(ticket_id, leg_number))
            as ticket_id,
        min(started_at) as started_at,
        case when count(*) = count(ended_at) then max(ended_at) end as ended_at,
        bool_or(is_answered) as is_answered,
        arg_max(reported_resolved, leg_number) filter (where is_answered) as reported_resolved,
        case
            when not bool_or(is_answered and talk_seconds is null and direction <> 'outbound')
                then cast(sum(handle_seconds) as bigint)
        end as handle_seconds
    from legs
    group by contact_id
)
select
    joined.* exclude (handle_seconds),
    case when joined.direction = 'inbound' then joined.handle_seconds end as handle_seconds,
    case when identifiers.identifier is not null then identifiers.customer else joined.customer_id end as customer
from joined
left join identifiers on joined.customer_id = identifiers.identifier;

-- a ticket that was created in an inbound contact, or up to 15 minutes after it
create temp table same_contacts as
with named as (
    select tickets.ticket_id, tickets.customer, contacts.contact_id, contacts.started_at
    from joined_contacts as contacts
    inner join tickets on contacts.ticket_id = tickets.ticket_id
    where
        contacts.direction = 'inbound'
        and tickets.created_at >= contacts.started_at
        and (contacts.ended_at is null or tickets.created_at <= contacts.ended_at + interval 15 minute)
),
unnamed as (
    select tickets.ticket_id, tickets.customer, contacts.contact_id, contacts.started_at
    from joined_contacts as contacts
    inner join tickets on contacts.customer = tickets.customer
    where
        contacts.direction = 'inbound'
        and contacts.ticket_id is null
        and tickets.channel in ('phone', 'telephone', 'call', 'voice', 'chat')
        and tickets.created_at >= contacts.started_at
        and (contacts.ended_at is null or tickets.created_at <= contacts.ended_at + interval 15 minute)
)
select
    ticket_id,
    min(customer) as customer,
    arg_min(contact_id, {'preference': preference, 'ago': -epoch_us(started_at), 'id': contact_id}) as contact_id,
    arg_min(started_at, {'preference': preference, 'ago': -epoch_us(started_at), 'id': contact_id}) as called_at
from (select *, 1 as preference from named union all select *, 2 from unnamed)
group by ticket_id;

create temp table contacts as
with opened as (
    select contact_id, case when min(customer) = max(customer) then min(customer) end as customer
    from same_contacts
    group by contact_id
)
select
    joined.contact_id,
    joined.direction,
    coalesce(joined.customer, opened.customer) as customer,
    joined.category,
    replace(joined.category, '/', '//') || coalesce(' / ' || replace(joined.subcategory, '/', '//'), '') as issue,
    joined.ticket_id,
    joined.started_at,
    joined.ended_at,
    joined.is_answered,
    joined.reported_resolved,
    joined.handle_seconds,
    requests.category is not null as is_request
from joined_contacts as joined
left join opened on joined.contact_id = opened.contact_id
left join (
    select category, subcategory from read_parquet(getvariable('raw') || '/categories.parquet') where is_request
) as requests
    on
        joined.category = requests.category
        and (requests.subcategory is null or requests.subcategory = joined.subcategory);

-- step: interactions
-- a number for each customer's issue: sorting and joining by it is cheaper than by two texts
create temp table threads as
select row_number() over () as thread, customer, issue
from (
    select customer, issue from contacts
    union
    select customer, issue from tickets
    union
    select customer, issue from episodes where reopened_by = 'requester'
    union
    select customer, replace(category, '/', '//') from contacts
    union
    select customer, replace(category_at_open, '/', '//') from tickets
)
where customer is not null and issue is not null;

create temp table interactions as
with united as (
    select
        'contact/canonical:' || contact_id as interaction_id,
        'contact' as kind,
        -- kind and own_id order like interaction_id, and are shorter
        contact_id as own_id,
        contact_id,
        ticket_id,
        direction,
        customer,
        category,
        issue,
        started_at,
        ended_at,
        ended_at as issue_ended_at,
        direction = 'inbound' as is_counted,
        is_request,
        is_answered as is_index,
        handle_seconds,
        -- of an opening the call that it is
        started_at as called_at
    from contacts
    union all
    select
        'opening/canonical:' || tickets.ticket_id,
        'opening',
        tickets.ticket_id,
        same.contact_id,
        tickets.ticket_id,
        'inbound',
        tickets.customer,
        tickets.category_at_open,
        tickets.issue,
        tickets.created_at,
        tickets.created_at,
        ends.ended_at,
        same.contact_id is null,
        tickets.is_request,
        true,
        null,
        same.called_at
    from tickets
    left join same_contacts as same on tickets.ticket_id = same.ticket_id
    left join (
        select ticket_id, case when arg_max_null(ended_at, episode_number) is null then arg_max(resolved_at, episode_number) end
            as ended_at
        from episodes
        group by ticket_id
    ) as ends on tickets.ticket_id = ends.ticket_id
    union all
    select
        'return/canonical:' || episodes.episode,
        'return',
        episodes.episode,
        null,
        episodes.ticket_id,
        'inbound',
        episodes.customer,
        episodes.category,
        episodes.issue,
        episodes.reopened_at,
        episodes.reopened_at,
        ends.ended_at,
        true,
        tickets.is_request,
        true,
        null,
        null
    from episodes
    inner join tickets on episodes.ticket_id = tickets.ticket_id
    left join (
        select ticket_id, case when arg_max_null(ended_at, episode_number) is null then arg_max(resolved_at, episode_number) end
            as ended_at
        from episodes
        group by ticket_id
    ) as ends on episodes.ticket_id = ends.ticket_id
    where episodes.reopened_by = 'requester'
)
select row_number() over () as n, united.*, threads.thread
from united
left join threads on united.customer = threads.customer and united.issue = threads.issue;

create temp table shared_customers as
with volumes as (
    select customer, count(*) as volume from interactions where is_counted and customer is not null group by customer
)
select customer
from volumes
where
    volume > (select quantile_disc(volume, 0.999) from volumes)
    and volume > 4 * (select quantile_disc(volume, 0.99) from volumes);

-- step: hashing
create temp table people as
with known as (
    select customer from tickets where customer is not null
    union
    select customer from contacts where customer is not null
    union
    select
        case when identifiers.identifier is not null then identifiers.customer else sessions.customer_id end as customer
    from read_parquet(getvariable('raw') || '/bot_sessions.parquet') as sessions
    left join identifiers on sessions.customer_id = identifiers.identifier
)
select
    customer,
    left(sha256(getvariable('salt') || sha256(
        getvariable('salt')
        || case when customer like '+%' or customer like '%@%' then '' else 'canonical' end
        || ':' || lower(customer)
    )), 32) as customer_key
from known
where customer is not null;

-- step: chains
create temp table issue_interactions as
with ordered as (
    select
        n,
        interaction_id,
        kind,
        own_id,
        thread,
        started_at,
        ended_at,
        is_counted,
        is_index,
        contact_id,
        lag(case when is_counted then interaction_id end ignore nulls) over by_time as previous_interaction_id,
        lead(case when is_counted then interaction_id end ignore nulls) over by_time as next_interaction_id,
        lead(case when is_counted then started_at end ignore nulls) over by_time as next_started_at,
        max(coalesce(issue_ended_at, timestamp '9999-01-01')) over (
            by_time rows between unbounded preceding and 1 preceding
        ) as latest_end
    from interactions
    where
        direction = 'inbound' and thread is not null
        and customer not in (select customer from shared_customers)
    window by_time as (partition by thread order by started_at, kind, own_id)
),
chained as (
    select
        *,
        last_value(case
            when coalesce(date_diff('second', latest_end, started_at) <= 604800, false) then null
            else {'n': n, 'id': interaction_id}
        end ignore nulls) over (
            partition by thread order by started_at, kind, own_id
            rows between unbounded preceding and current row
        ) as first
    from ordered
),
-- a ticket that a contact opened is the same visit; who names no contact is a visit alone
visited as (
    select
        *,
        case
            when contact_id is null then true
            else row_number() over (
                partition by first.n, coalesce(contact_id, own_id)
                order by started_at, kind, own_id
            ) = 1
        end as is_new_visit
    from chained
),
placed as (
    select
        *,
        cast(count(*) filter (where is_new_visit) over (
            partition by first.n order by started_at, kind, own_id
            rows between unbounded preceding and current row
        ) as integer) as visits_so_far
    from visited
)
select
    n,
    '7d/' || first.id as chain_id,
    min(visits_so_far) over (partition by first.n, coalesce(contact_id, own_id)) as chain_position,
    case when is_counted then is_index end as is_index,
    case when is_counted then previous_interaction_id end as previous_interaction_id,
    case when is_counted then next_interaction_id end as next_interaction_id,
    case when is_counted then next_started_at end as next_started_at,
    case when is_counted and is_index then date_diff('second', ended_at, next_started_at) end as seconds_to_next
from placed;

-- step: fct_interactions
create table fct_interactions as
select
    interactions.interaction_id,
    interactions.kind,
    'canonical:' || interactions.contact_id as contact_key,
    'canonical:' || interactions.ticket_id as ticket_key,
    people.customer_key,
    interactions.issue as issue_key,
    interactions.started_at,
    interactions.ended_at,
    interactions.is_counted,
    interactions.handle_seconds as contact_handle_seconds,
    chains.chain_id,
    chains.chain_position,
    chains.is_index,
    chains.previous_interaction_id,
    chains.next_interaction_id,
    chains.next_started_at,
    chains.seconds_to_next
from interactions
left join issue_interactions as chains on interactions.n = chains.n
left join people on interactions.customer = people.customer;

-- step: fct_resolution_episodes
create table fct_resolution_episodes as
select
    'canonical:' || episodes.episode as episode_id,
    'canonical:' || episodes.ticket_id as ticket_key,
    episodes.episode_number,
    people.customer_key,
    episodes.category,
    episodes.resolved_at,
    episodes.resolved_by,
    episodes.closure_mode,
    episodes.closed_at,
    episodes.toggle_count,
    episodes.ended_at,
    episodes.reopened_at,
    episodes.reopened_by
from episodes
left join people on episodes.customer = people.customer;

-- step: clocks
create temp table days as
with hours as (
    select
        calendar_id,
        time_zone,
        iso_weekday,
        cast(opens_at || ':00' as time) as opens,
        cast(closes_at || ':00' as time) as closes
    from read_parquet(getvariable('raw') || '/calendars.parquet')
),
dates as (
    select cast(unnest(generate_series(
        (select min(created_at) from tickets) - interval 7 day,
        (select max(greatest(created_at, updated_at)) from tickets) + interval 7 day,
        interval 1 day
    )) as date) as day
),
opened as (
    select
        hours.calendar_id,
        dates.day,
        ((dates.day + hours.opens) at time zone hours.time_zone) at time zone 'UTC' as opens_at,
        date_diff('second', hours.opens, hours.closes) as open_seconds
    from dates
    inner join hours on isodow(dates.day) = hours.iso_weekday
    where (hours.calendar_id, dates.day) not in (
        select (calendar_id, holiday_on) from read_parquet(getvariable('raw') || '/holidays.parquet')
    )
)
select
    calendars.calendar_id,
    dates.day,
    opened.opens_at,
    coalesce(opened.open_seconds, 0) as open_seconds,
    coalesce(sum(opened.open_seconds) over (
        partition by calendars.calendar_id order by dates.day rows between unbounded preceding and 1 preceding
    ), 0) as open_before
from dates
cross join (select distinct calendar_id from hours) as calendars
left join opened on calendars.calendar_id = opened.calendar_id and dates.day = opened.day;

create temp table met_clocks as
with stops as (
    select
        episodes.ticket_id,
        episodes.entry_sequence,
        episodes.resolved_at,
        tickets.created_at,
        policies.calendar_id,
        policies.target_minutes * 60 as target_seconds
    from episodes
    inner join tickets on episodes.ticket_id = tickets.ticket_id
    inner join read_parquet(getvariable('raw') || '/sla_policies.parquet') as policies
        on tickets.sla_policy_id = policies.policy_id and policies.metric = 'resolution'
    where episodes.episode_number = 1
),
-- the clock from creation to resolution, less what it showed at the end of each pause, and more what at its beginning
readings as (
    select ticket_id, calendar_id, resolved_at as happened_at, 1 as sign from stops
    union all
    select ticket_id, calendar_id, created_at, -1 from stops
    union all
    select
        stops.ticket_id,
        stops.calendar_id,
        greatest(least(events.event_at, stops.resolved_at), stops.created_at),
        case when events.new_value in ('pending', 'on_hold') then 1 else -1 end
    from read_parquet(getvariable('raw') || '/ticket_events.parquet') as events
    inner join stops on events.ticket_id = stops.ticket_id and events.event_sequence <= stops.entry_sequence
    where
        events.field = 'status'
        and coalesce(events.old_value in ('pending', 'on_hold'), false) <> (events.new_value in ('pending', 'on_hold'))
),
summed as (
    select
        readings.ticket_id,
        sum(readings.sign * (days.open_before + case
            when days.opens_at is null then 0
            else least(greatest(date_diff('second', days.opens_at, readings.happened_at), 0), days.open_seconds)
        end)) as running_seconds
    from readings
    inner join days
        on readings.calendar_id = days.calendar_id and cast(readings.happened_at as date) = days.day
    group by readings.ticket_id
)
select stops.ticket_id
from stops
inner join summed on stops.ticket_id = summed.ticket_id
where summed.running_seconds <= stops.target_seconds;

-- step: claims
create temp table claims as
with united as (
    select
        'ticket_resolved' as claim_type,
        'canonical:' || episode as claim_key,
        episode,
        cast(null as varchar) as contact_id,
        ticket_id,
        customer,
        resolved_at as claimed_at,
        issue,
        closure_mode
    from episodes
    union all
    select
        'first_contact_resolved', 'canonical:' || episodes.ticket_id, episodes.episode, null, episodes.ticket_id,
        episodes.customer, episodes.resolved_at, episodes.issue, episodes.closure_mode
    from episodes
    inner join tickets on episodes.ticket_id = tickets.ticket_id
    where tickets.is_flagged and episodes.episode_number = 1
    union all
    select
        'sla_met', 'canonical:' || episodes.ticket_id, episodes.episode, null, episodes.ticket_id, episodes.customer,
        episodes.resolved_at, episodes.issue, episodes.closure_mode
    from episodes
    inner join met_clocks on episodes.ticket_id = met_clocks.ticket_id
    where episodes.episode_number = 1
    union all
    select
        unnest(case when reported_resolved then ['contact_handled', 'call_resolved'] else ['contact_handled'] end),
        'canonical:' || contact_id, null, contact_id, ticket_id, customer, ended_at, issue, null
    from contacts
    where direction = 'inbound' and is_answered and ended_at is not null
    union all
    select
        'contained_by_bot', 'canonical:' || sessions.session_id, null, null, null,
        case when identifiers.identifier is not null then identifiers.customer else sessions.customer_id end,
        sessions.ended_at, replace(sessions.intent, '/', '//'), null
    from read_parquet(getvariable('raw') || '/bot_sessions.parquet') as sessions
    left join identifiers on sessions.customer_id = identifiers.identifier
    where sessions.is_contained and sessions.ended_at is not null
)
select row_number() over () as n, united.*, threads.thread
from united
left join threads on united.customer = threads.customer and united.issue = threads.issue;

-- step: returns
-- what a customer came for, with whatever can never be a return left out
create temp table comebacks as
select
    interactions.kind,
    interactions.thread,
    -- a bot knows the category at most
    threads.thread as category_thread,
    interactions.started_at,
    interactions.ticket_id,
    interactions.contact_id,
    about.parent_ticket_id,
    about.problem_id,
    interactions.called_at
from interactions
left join tickets as about on interactions.ticket_id = about.ticket_id
left join threads
    on interactions.customer = threads.customer and replace(interactions.category, '/', '//') = threads.issue
where
    interactions.kind in ('contact', 'opening')
    and interactions.direction = 'inbound'
    and interactions.thread is not null
    and not interactions.is_request
    and not coalesce(about.is_request or about.is_test or about.is_spam, false)
    and interactions.customer not in (select customer from shared_customers);

create temp table inferred as
with candidates as (
    -- of claims of one instant the last by its name is the latest
    select
        claim_type,
        thread,
        claimed_at,
        arg_max(n, claim_key) as n
    from claims
    where thread is not null and coalesce(closure_mode in ('confirmed', 'silent_auto_close'), true)
    group by claim_type, thread, claimed_at
),
paired as (
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'ticket_resolved') as latest
        on comebacks.thread = latest.thread and comebacks.started_at > latest.claimed_at
    union all
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'first_contact_resolved') as latest
        on comebacks.thread = latest.thread and comebacks.started_at > latest.claimed_at
    union all
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'sla_met') as latest
        on comebacks.thread = latest.thread and comebacks.started_at > latest.claimed_at
    union all
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'contact_handled') as latest
        on comebacks.thread = latest.thread and comebacks.started_at > latest.claimed_at
    union all
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'call_resolved') as latest
        on comebacks.thread = latest.thread and comebacks.started_at > latest.claimed_at
    union all
    select comebacks.*, latest.n
    from comebacks
    asof inner join (select * from candidates where claim_type = 'contained_by_bot') as latest
        on comebacks.category_thread = latest.thread and comebacks.started_at > latest.claimed_at
)
select
    paired.n,
    min(paired.started_at) as first_r3_at
from paired
inner join claims on paired.n = claims.n
left join tickets as origin on claims.ticket_id = origin.ticket_id
where
    not coalesce(paired.parent_ticket_id = origin.parent_ticket_id, false)
    and not coalesce(paired.problem_id = origin.problem_id, false)
    -- the ticket's own opening, and a contact that names it (R4)
    and not coalesce(claims.episode is not null and paired.ticket_id = claims.ticket_id, false)
    and not coalesce(paired.kind = 'opening' and paired.contact_id = claims.contact_id, false)
    and not coalesce(
        claims.contact_id is not null
        and date_diff('second', claims.claimed_at, paired.called_at) between 0 and 900, false
    )
group by paired.n;

create temp table falsifiers as
with linked as (
    select follow_up_of as origin, ticket_id, created_at from tickets where follow_up_of is not null
    union all
    select duplicate_of, ticket_id, created_at from tickets where duplicate_of is not null
    union all
    select parent_ticket_id, ticket_id, created_at from tickets where parent_ticket_id is not null
),
first_linked as (
    select episodes.episode, min(linked.created_at) as first_r2_at
    from episodes
    inner join linked
        on
            episodes.ticket_id = linked.origin
            and episodes.resolved_at < linked.created_at
            and linked.origin <> linked.ticket_id
    group by episodes.episode
),
voiced as (
    select ticket_id, sent_at as voiced_at from customer_messages
    union all
    select ticket_id, started_at from contacts where direction = 'inbound' and ticket_id is not null
),
first_voiced as (
    select episodes.episode, voiced.voiced_at as first_r4_at
    from episodes
    asof inner join voiced on episodes.ticket_id = voiced.ticket_id and episodes.resolved_at < voiced.voiced_at
    where episodes.ended_at is null or voiced.voiced_at < episodes.ended_at
),
answers as (
    select ticket_id, answered_at
    from read_parquet(getvariable('raw') || '/surveys.parquet')
    where resolved_answer = 'no' and ticket_id is not null
),
-- the answer speaks of the latest claim before it
answered as (
    select episodes.episode, min(answers.answered_at) as first_r5_at
    from answers
    asof inner join episodes on answers.ticket_id = episodes.ticket_id and answers.answered_at > episodes.resolved_at
    group by episodes.episode
)
select
    episodes.episode,
    first_linked.first_r2_at,
    first_voiced.first_r4_at,
    answered.first_r5_at
from episodes
left join first_linked on episodes.episode = first_linked.episode
left join first_voiced on episodes.episode = first_voiced.episode
left join answered on episodes.episode = answered.episode;

-- step: fct_claims
create table fct_claims as
with contact_answers as (
    select contact_id, answered_at
    from read_parquet(getvariable('raw') || '/surveys.parquet')
    where resolved_answer = 'no' and contact_id is not null
),
answered as (
    select contacts.contact_id, min(answers.answered_at) as first_r5_at
    from contacts
    inner join contact_answers as answers
        on contacts.contact_id = answers.contact_id and contacts.ended_at < answers.answered_at
    group by contacts.contact_id
),
problem_tickets as (
    select problems.problem_id, min(tickets.created_at) as first_r2_at
    from read_parquet(getvariable('raw') || '/problems.parquet') as problems
    inner join tickets on problems.problem_id = tickets.problem_id and problems.closed_at < tickets.created_at
    group by problems.problem_id
),
contradicting(claim_type, outcome) as (
    values
    ('deal_closed', 'churned'), ('deal_closed', 'refunded'), ('position_filled', 'failed_probation'),
    ('position_filled', 'resigned'), ('offer_accepted', 'reneged'), ('offer_accepted', 'left'),
    ('moved_internally', 'moved_back'), ('moved_internally', 'left'), ('unit_shipped', 'returned'),
    ('saving_booked', 'reversed'), ('invoice_issued', 'disputed'), ('invoice_issued', 'credited'),
    ('invoice_issued', 'reissued')
),
disputed as (
    select claims.claim_type, claims.claim_id, min(outcomes.outcome_at) as first_r2_at
    from read_parquet(getvariable('raw') || '/business_claims.parquet') as claims
    inner join read_parquet(getvariable('raw') || '/business_outcomes.parquet') as outcomes
        on
            claims.claim_type = outcomes.claim_type
            and claims.claim_id = outcomes.claim_id
            and claims.claimed_at < outcomes.outcome_at
    inner join contradicting
        on outcomes.claim_type = contradicting.claim_type and outcomes.outcome = contradicting.outcome
    group by claims.claim_type, claims.claim_id
)
select
    claims.claim_type || '/' || claims.claim_key as claim_id,
    claims.claim_type,
    'canonical:' || claims.episode as episode_id,
    people.customer_key,
    claims.claimed_at,
    claims.issue as issue_key,
    claims.closure_mode,
    episodes.reopened_at as first_r1_at,
    falsifiers.first_r2_at,
    inferred.first_r3_at,
    falsifiers.first_r4_at,
    coalesce(falsifiers.first_r5_at, answered.first_r5_at) as first_r5_at
from claims
left join episodes on claims.episode = episodes.episode
left join falsifiers on claims.episode = falsifiers.episode
left join answered on claims.contact_id = answered.contact_id
left join inferred on claims.n = inferred.n
left join people on claims.customer = people.customer
union all
select
    'problem_closed/canonical:' || problems.problem_id, 'problem_closed', null, null, problems.closed_at, null, null,
    null, problem_tickets.first_r2_at, null, null, null
from read_parquet(getvariable('raw') || '/problems.parquet') as problems
left join problem_tickets on problems.problem_id = problem_tickets.problem_id
where problems.closed_at is not null
union all
select
    claims.claim_type || '/canonical:' || claims.claim_type || ':' || claims.claim_id, claims.claim_type, null, null,
    claims.claimed_at, null, null, null, disputed.first_r2_at, null, null, null
from read_parquet(getvariable('raw') || '/business_claims.parquet') as claims
left join disputed on claims.claim_type = disputed.claim_type and claims.claim_id = disputed.claim_id;

-- step: return_rate
create table return_rate as
with reach as (
    select least(
        (select max(cast(created_at as date)) + interval 1 day from tickets),
        (
            select max(cast(event_at as date)) + interval 1 day
            from read_parquet(getvariable('raw') || '/ticket_events.parquet')
        ),
        (select max(cast(started_at as date)) + interval 1 day from legs),
        greatest(
            (select max(greatest(created_at, coalesce(updated_at, created_at))) from tickets),
            (select max(event_at) from read_parquet(getvariable('raw') || '/ticket_events.parquet')),
            (select max(sent_at) from read_parquet(getvariable('raw') || '/ticket_messages.parquet')),
            (select max(coalesce(ended_at, started_at)) from legs),
            (
                select max(greatest(sent_at, eligible_at, answered_at))
                from read_parquet(getvariable('raw') || '/surveys.parquet')
            ),
            (
                select max(coalesce(ended_at, started_at))
                from read_parquet(getvariable('raw') || '/bot_sessions.parquet')
            ),
            (select max(outcome_at) from read_parquet(getvariable('raw') || '/business_outcomes.parquet'))
        )
    ) as observed_until
),
judged as (
    select
        cast(date_trunc('month', claims.claimed_at) as date) as month,
        windows.window_days,
        date_diff('second', claims.claimed_at, reach.observed_until) >= windows.window_days * 86400 as is_mature,
        claims.customer_key is not null and shared.customer_key is null as is_observable,
        coalesce(date_diff('second', claims.claimed_at, claims.first_r1_at) <= windows.window_days * 86400, false)
            as is_reopened,
        coalesce(date_diff(
            'second', claims.claimed_at, least(claims.first_r1_at, claims.first_r2_at, claims.first_r3_at)
        ) <= windows.window_days * 86400, false) as is_falsified
    from fct_claims as claims
    cross join reach
    cross join (values (1), (7), (14), (30)) as windows(window_days)
    left join (
        select people.customer_key from shared_customers inner join people
            on shared_customers.customer = people.customer
    ) as shared on claims.customer_key = shared.customer_key
    where
        claims.claim_type = 'ticket_resolved' and claims.closure_mode in ('confirmed', 'silent_auto_close')
)
select
    month,
    window_days,
    count(*) as claim_count,
    count(*) filter (where is_mature and is_observable) as cohort_count,
    count(*) filter (where is_mature and is_observable and is_reopened) as reopened_count,
    count(*) filter (where is_mature and is_observable and is_falsified) as falsified_count
from judged
group by month, window_days;
