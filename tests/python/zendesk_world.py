"""A world of `counterweight simulate` in the tables of Fivetran's Zendesk connector, and beside it the same world in
the raw contract, as far as that layout can tell it.

Only tests use it. Numbers stand for all names, as in Zendesk. What the layout cannot tell, and `canonical` is without:

- calls without a ticket, of several agents, and chats: Talk says of one call what it was about by its ticket alone
- who called, and about what: the ticket's requester and category stand for the caller's
- that a monitor is none: it is a user like any other
- that a customer's reply was written by a machine (out of office)
- resolution codes (spam, duplicate), parents, which category is a request, whether a survey said "not solved"

Some users were deleted: they are not in the table `user`, and `canonical` does not know what kind of user they
are. Deleted tickets are in the Zendesk tables alone.
"""

from pathlib import Path

import duckdb

CATEGORY_FIELD = "360001234567"
SUBCATEGORY_FIELD = "360001234568"
VARIABLES = {"zendesk_category_field": CATEGORY_FIELD, "zendesk_subcategory_field": SUBCATEGORY_FIELD}

# how many of each are not in `user` any more
MISSING = {"end-user": 8, "agent": 2}
DELETED_TICKETS = 6

_NAMES = """
create table ticket_ids as
select ticket_id, 1000 + row_number() over (order by created_at, ticket_id) as id from raw_tickets;

create table group_ids as
select team_id, 360000000 + row_number() over (order by team_id) as id
from (select distinct team_id from raw_tickets where team_id is not null union
      select distinct new_value from raw_ticket_events where field = 'team' union
      select distinct old_value from raw_ticket_events where field = 'team' union
      select distinct team_id from raw_calls where team_id is not null union
      select distinct team_id from raw_agents) as teams (team_id);

-- a requester is a customer where `identities` knows the address, else the address
create table people as
select value as address, customer_id as person from raw_identities where kind = 'email'
union
select requester_id, requester_id from raw_tickets
where requester_id not in (select value from raw_identities where kind = 'email');

create table user_ids as
select person, role, 390000000000 + row_number() over (order by role, person) as id
from (select distinct person, 'end-user' as role from people
      union select distinct agent_id, 'agent' from raw_agents
      union select 'router', 'admin') as users;

create table missing as
select person, role, id from (
    -- those who did most: else nothing would show
    select user_ids.*, row_number() over (partition by role order by acts desc, person) as place
    from user_ids
    inner join (
        select people.person, count(*) as acts
        from raw_ticket_events as events inner join people on events.actor_id = people.address
        where events.actor_type = 'requester' group by all
        union all
        select actor_id, count(*) from raw_ticket_events where actor_type = 'agent' group by all
    ) using (person)
)
where place <= case role when 'end-user' then $end_users else $agents end;

create table addressed as
select people.address, user_ids.id from people inner join user_ids using (person) where role = 'end-user';

create table agent_ids as
select person as agent_id, id from user_ids where role <> 'end-user';

create table schedule_ids as
select calendar_id, 5000 + row_number() over (order by calendar_id) as id
from (select distinct calendar_id from raw_calendars);
"""

_WORDS = """
create macro status_word(word) as case word when 'on_hold' then 'hold' when 'resolved' then 'solved' else word end;
create macro priority_word(word) as case word
    when '4 low' then 'low' when '3 normal' then 'normal' when '2 high' then 'high' when '1 critical' then 'urgent' end;
create macro channel_word(word, test) as case when test then 'sample_ticket'
    when word = 'phone' then 'voice' when word = 'portal' then 'web' when word = 'monitor' then 'api' else word end;
create macro minutes(clock) as cast(left(clock, 2) as integer) * 60 + cast(right(clock, 2) as integer);
"""

# the contract, without what the layout cannot tell
_CANONICAL = {
    "tickets": """
        select tickets.* exclude (resolution_code, duplicate_of, parent_ticket_id, created_by_actor_type,
                closed_by_actor_type, reported_first_contact_resolution, configuration_item, requested_for_id,
                category_at_open, sla_policy_id, channel, resolved_at, closed_at)
            replace (case when is_test then true end as is_test),
            channel_word(channel, is_test) as channel,
            case when created_by_actor_type = 'agent' then 'agent' else 'requester' end as created_by_actor_type
        from raw_tickets as tickets
    """,
    "ticket_events": """
        select events.* replace (
            case
                when events.actor_id in (select person from missing) then null
                when left(actor_id, 1) = 'u' then 'requester'
                else actor_type
            end as actor_type,
            case when actor_type in ('system', 'automation') and left(actor_id, 1) <> 'u' then null else actor_id end
                as actor_id
        )
        from raw_ticket_events as events
    """,
    "ticket_messages": """
        select messages.* exclude (author, template_id) replace (
            author_type in ('system', 'automation') as is_automatic,
            case
                when author_type = 'agent' and author in (select id from missing) then null else author_type
            end as author_type
        )
        from authored as messages
    """,
    "identities": """
        select * from raw_identities where customer_id not in (select person from missing)
    """,
    "calls": """
        select calls.* exclude (queue, disconnected_by, transfer_type, disposition, reported_resolved)
            replace (
                tickets.requester_id as customer_id, tickets.category as category,
                tickets.subcategory as subcategory,
                case when talk_seconds > 0 and calls.agent_id is not null then answered_at end as answered_at
            )
        from talk as calls
        inner join raw_tickets as tickets using (ticket_id)
    """,
    "surveys": """
        select survey_id, ticket_id, sent_at, answered_at, updated_at
        from raw_surveys where ticket_id is not null and sent_at is not null
    """,
}

_ZENDESK = {
    "ticket": """
        select
            ticket_ids.id, created_at, updated_at, addressed.id as requester_id,
            case when created_by_actor_type = 'agent' then coalesce(assignees.id, routers.id) else addressed.id end
                as submitter_id,
            assignees.id as assignee_id, organization_ids.id as organization_id, group_ids.id as group_id,
            status_word(status) as status, case ticket_type when 'request' then 'task' else ticket_type end as type,
            priority_word(priority) as priority, channel_word(channel, is_test) as via_channel,
            case when followed.id is not null and ticket_ids.id % 2 = 0 then 'follow_up' end as via_source_rel,
            case when ticket_ids.id % 2 = 0 then followed.id end as via_source_from_id,
            case when ticket_ids.id % 2 = 1 then followed.id end as via_followup_source_id,
            case when problem_id is not null then dense_rank() over (order by problem_id) end as problem_id,
            coalesce(merges.ids, '[]') as merged_ticket_ids,
            category as custom_category, subcategory as custom_subcategory,
            'words that nobody reads' as subject, false as _fivetran_deleted, updated_at as _fivetran_synced
        from raw_tickets as tickets
        inner join ticket_ids using (ticket_id)
        inner join addressed on tickets.requester_id = addressed.address
        left join agent_ids as assignees on tickets.assignee_id = assignees.agent_id
        left join agent_ids as routers on routers.agent_id = 'router'
        left join group_ids using (team_id)
        left join organization_ids using (account_id)
        left join ticket_ids as followed on tickets.follow_up_of = followed.ticket_id
        left join (
            select merged_into, '[' || string_agg(cast(ids.id as varchar), ', ' order by ids.id) || ']' as ids
            from raw_tickets inner join ticket_ids as ids using (ticket_id)
            where merged_into is not null group by merged_into
        ) as merges on tickets.ticket_id = merges.merged_into
    """,
    # every field's first value is a row, at the ticket's creation
    "ticket_field_history": """
        with changes as (
            select
                ticket_id, event_at as updated, new_value, field,
                case
                    when actor_type in ('system', 'automation') and coalesce(left(actor_id, 1), '') <> 'u' then -1
                    when actors.id is not null then actors.id
                    when requesters.id is not null then requesters.id
                    when actor_type = 'requester' then owners.id
                    else routers.id
                end as user_id,
                case when actor_type = 'automation' then 'rule' end as via_channel
            from raw_ticket_events as events
            inner join raw_tickets as tickets using (ticket_id)
            inner join addressed as owners on tickets.requester_id = owners.address
            left join agent_ids as actors on events.actor_id = actors.agent_id
            left join addressed as requesters on events.actor_id = requesters.address
            left join agent_ids as routers on routers.agent_id = 'router'
            union all
            select
                ticket_id, created_at, coalesce(first_values.old_value, fields.value), fields.field, owners.id, 'web'
            from (
                unpivot (select ticket_id, created_at, requester_id, team_id as team, priority, category, subcategory,
                             ticket_type from raw_tickets)
                on team, priority, category, subcategory, ticket_type into name field value value
            ) as fields
            inner join addressed as owners on fields.requester_id = owners.address
            left join (
                select ticket_id, field, arg_min(old_value, event_sequence) as old_value
                from raw_ticket_events group by all
            ) as first_values using (ticket_id, field)
        )

        select
            ticket_ids.id as ticket_id,
            case field
                when 'assignee' then 'assignee_id' when 'team' then 'group_id' when 'category' then $category
                when 'subcategory' then $subcategory when 'ticket_type' then 'type' else field
            end as field_name,
            updated,
            case field
                when 'status' then status_word(new_value) when 'priority' then priority_word(new_value)
                when 'assignee' then cast(agent_ids.id as varchar) when 'team' then cast(group_ids.id as varchar)
                when 'ticket_type' then case new_value when 'request' then 'task' else new_value end
                else new_value
            end as value,
            user_id, via_channel, updated as _fivetran_synced
        from changes
        inner join ticket_ids using (ticket_id)
        left join agent_ids on field = 'assignee' and changes.new_value = agent_ids.agent_id
        left join group_ids on field = 'team' and changes.new_value = group_ids.team_id
        union all
        select id, 'subject', created_at, 'words that nobody reads', 1, 'web', created_at
        from raw_tickets inner join ticket_ids using (ticket_id)
    """,
    "ticket_comment": """
        select
            880000000 + row_number() over (order by message_id) as id, ticket_ids.id as ticket_id, sent_at as created,
            author as user_id, is_public as public, false as voice_comment,
            case when author_type = 'automation' then 'rule' else 'email' end as via_channel,
            'words that nobody reads' as body, false as _fivetran_deleted, sent_at as _fivetran_synced
        from authored inner join ticket_ids using (ticket_id)
    """,
    "user": """
        select
            user_ids.id, role, emails.value as email, phones.value as phone,
            false as shared_phone_number, group_ids.id as default_group_id,
            timestamp '2024-01-01 00:00:00' as _fivetran_synced
        from user_ids
        left join (select customer_id, min(value) as value from raw_identities where kind = 'email' group by all)
            as emails on user_ids.person = emails.customer_id
        left join (select customer_id, min(value) as value from raw_identities where kind = 'phone' group by all)
            as phones on user_ids.person = phones.customer_id
        left join (select agent_id, arg_max(team_id, valid_from) as team_id from raw_agents group by all) as agents
            on user_ids.person = agents.agent_id
        left join group_ids using (team_id)
        where user_ids.id not in (select id from missing)
    """,
    "organization": """
        select id, account_id as name, timestamp '2024-01-01 00:00:00' as _fivetran_synced from organization_ids
    """,
    "group": """
        select id, team_id as name, timestamp '2024-01-01 00:00:00' as _fivetran_synced from group_ids
    """,
    "group_member": """
        select
            row_number() over (order by agent_ids.id, group_ids.id) as id, agent_ids.id as user_id,
            group_ids.id as group_id, timestamp '2024-01-01 00:00:00' as _fivetran_synced
        from (select distinct agent_id, team_id from raw_agents)
        inner join agent_ids using (agent_id) inner join group_ids using (team_id)
    """,
    "satisfaction_rating": """
        select
            770000 + row_number() over (order by survey_id) as id, ticket_ids.id as ticket_id,
            case
                when sent_at is null then 'unoffered' when answered_at is null then 'offered'
                when csat * 2 > csat_scale_max then 'good' else 'bad'
            end as score,
            coalesce(sent_at, eligible_at) as created_at, coalesce(answered_at, sent_at, eligible_at) as updated_at,
            coalesce(answered_at, sent_at, eligible_at) as _fivetran_synced
        from raw_surveys inner join ticket_ids using (ticket_id)
    """,
    "call_metric": """
        select
            660000 + row_number() over (order by leg_id) as id, started_at as created_at, updated_at,
            ticket_ids.id as ticket_id, agent_ids.id as agent_id, group_ids.id as call_group_id, direction,
            case when is_abandoned then 'abandoned_in_queue' else 'completed' end as completion_status,
            date_diff('second', started_at, ended_at) as duration,
            date_diff('second', started_at, answered_at) as time_to_answer,
            date_diff('second', started_at, offered_at) as ivr_time_spent,
            talk_seconds as talk_time, hold_seconds as hold_time, wrap_seconds as wrap_up_time, false as voicemail,
            updated_at as _fivetran_synced
        from talk
        inner join ticket_ids using (ticket_id)
        left join agent_ids using (agent_id)
        left join group_ids using (team_id)
    """,
    "schedule": """
        select
            id, calendar_id as name,
            case time_zone
                when 'America/Chicago' then 'Central Time (US & Canada)' when 'Europe/Vienna' then 'Vienna'
                else time_zone
            end as time_zone,
            iso_weekday % 7 * 1440 + minutes(opens_at) as start_time,
            iso_weekday % 7 * 1440 + minutes(closes_at) as end_time,
            timestamp '2024-01-01 00:00:00' as created_at, timestamp '2024-01-01 00:00:00' as _fivetran_synced
        from raw_calendars inner join schedule_ids using (calendar_id)
    """,
    "schedule_holiday": """
        select
            row_number() over (order by id, holiday_on) as id, id as schedule_id, 'Closed' as name,
            cast(holiday_on as varchar) as start_date, cast(holiday_on as varchar) as end_date,
            timestamp '2024-01-01 00:00:00' as _fivetran_synced
        from raw_holidays inner join schedule_ids using (calendar_id)
    """,
    "ticket_schedule": """
        select ticket_ids.id as ticket_id, schedule_ids.id as schedule_id, created_at, created_at as _fivetran_synced
        from raw_tickets as tickets
        inner join ticket_ids using (ticket_id)
        inner join (select policy_id as sla_policy_id, calendar_id from raw_sla_policies) using (sla_policy_id)
        inner join schedule_ids using (calendar_id)
    """,
    "ticket_sla_policy": """
        select
            ticket_ids.id as ticket_id, 44 as sla_policy_id, created_at as policy_applied_at,
            created_at as _fivetran_synced
        from raw_tickets inner join ticket_ids using (ticket_id) where sla_policy_id is not null
    """,
    "sla_policy_metric_history": """
        select
            44 as sla_policy_id, row_number() over (order by policy_id) - 1 as index, metric_name as metric,
            replace(split_part(policy_id, ' ', 2), 'critical', 'urgent') as priority, target_minutes as target,
            true as business_hours, timestamp '2024-01-01 00:00:00' as sla_policy_updated_at,
            timestamp '2024-01-01 00:00:00' as _fivetran_synced
        from raw_sla_policies
        cross join (values ('agent_work_time'), ('first_reply_time')) as metrics (metric_name)
        where calendar_id = (select min(calendar_id) from raw_sla_policies)
    """,
}

# deleted in Zendesk, by its own word or by the connector's: with all that hangs on them
_DELETED = """
insert into "ticket"
select * replace (
    id + 9000000 as id, 'deleted' as status, null as via_source_rel, null as via_followup_source_id,
    null as via_source_from_id, '[]' as merged_ticket_ids
)
from "ticket" order by id limit $deleted;
insert into "ticket"
select * replace (id + 9500000 as id, true as _fivetran_deleted, '[]' as merged_ticket_ids)
from "ticket" where id < 9000000 order by id limit $deleted;
insert into "ticket_field_history"
select history.* replace (copies.id as ticket_id)
from "ticket_field_history" as history
inner join (select id from "ticket" where id > 9000000) as copies on history.ticket_id = copies.id % 500000;
insert into "ticket_comment"
select comments.* replace (id + copies.copy_id * 1000 as id, copies.copy_id as ticket_id)
from "ticket_comment" as comments
inner join (select id as copy_id from "ticket" where id > 9000000) as copies
    on comments.ticket_id = copies.copy_id % 500000;
-- a comment that was redacted away, and a user
insert into "ticket_comment"
select * replace (id + 7 as id, true as _fivetran_deleted) from "ticket_comment" order by id desc limit 1;
"""


def translate(raw, out):
    """Write a simulated world's raw tables to `out`/zendesk and `out`/canonical. Returns {ticket_id: Zendesk's id}."""
    raw, out = Path(raw), Path(out)
    with duckdb.connect() as connection:
        for path in sorted(raw.glob("*.parquet")):
            connection.execute(f"create table raw_{path.stem} as select * from '{path}'")
        connection.execute(_WORDS)
        for statement in _NAMES.split(";\n"):
            if statement.strip():
                names = {"end_users": MISSING["end-user"], "agents": MISSING["agent"]}
                wanted = {name: value for name, value in names.items() if f"${name}" in statement}
                connection.execute(statement, wanted or None)
        connection.execute(
            "create table organization_ids as select account_id, 370000000 + row_number() over (order by account_id) "
            "as id from (select distinct account_id from raw_tickets where account_id is not null)"
        )
        connection.execute(
            """
            create table authored as
            select
                messages.*,
                case author_type
                    when 'requester' then owners.id when 'agent' then coalesce(assignees.id, routers.id) else -1
                end as author
            from raw_ticket_messages as messages
            inner join raw_tickets as tickets using (ticket_id)
            inner join addressed as owners on tickets.requester_id = owners.address
            left join agent_ids as assignees on tickets.assignee_id = assignees.agent_id
            left join agent_ids as routers on routers.agent_id = 'router';
            create table talk as
            select * exclude (legs)
            from (select *, count(*) over (partition by contact_id) as legs from raw_calls)
            where channel = 'voice' and ticket_id is not null and legs = 1
            """
        )
        for name, query in _CANONICAL.items():
            _write(connection, out / "canonical", name, f"({query})")
        for name, query in _ZENDESK.items():
            fields = {"category": CATEGORY_FIELD, "subcategory": SUBCATEGORY_FIELD}
            wanted = {field: value for field, value in fields.items() if f"${field}" in query}
            connection.execute(f'create table "{name}" as {query}', wanted or None)
        for statement in _DELETED.split(";\n"):
            if statement.strip():
                connection.execute(statement, {"deleted": DELETED_TICKETS} if "$deleted" in statement else None)
        for name in _ZENDESK:
            _write(connection, out / "zendesk", name, f'"{name}"')
        return dict(connection.execute("select ticket_id, id from ticket_ids").fetchall())


def _write(connection, folder, name, relation):
    folder.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy (select * from {relation}) to '{folder / name}.parquet' (format parquet)")
