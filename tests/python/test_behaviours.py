"""What every behaviour and every lookalike of `simulate` leaves in the raw tables, as often as it was planted.

Read with SQL on the raw Parquet files and the truth beside them, never through the warehouse. Bounds are standard
errors: four of them, unless something holds always. A world with a behaviour is compared with the honest world of its
seed, which has the same problems: `first_tickets` are the tickets that problems began with, so that the ticket of a
problem in one world is that of the problem in the other.
"""

import datetime
import math
from dataclasses import dataclass

import duckdb
import numpy as np
import pytest
import yaml

from counterweight.worlds import simulate
from counterweight.worlds.behaviours import BEHAVIOURS
from counterweight.worlds.clock import Clock

SIZE = {"tickets": 14000, "calls": 12000, "months": 4, "seed": 7}
BEGIN, END = datetime.date(2024, 1, 1), datetime.date(2024, 5, 1)
SOME = {"teams": 0.75, "agents": 0.6, "since": 0.3, "intensity": 0.4}
OFTEN = SOME | {"intensity": 0.7}
# a month has one end
MANY = {"teams": 1.0, "agents": 0.85, "since": 0.05, "intensity": 0.85}
HALF = {"since": 0.5}

# Each world has behaviours that touch different rows: at most one of the telephone.
WORLDS = {
    "honest": {},
    "cutting": {"call_cutting": SOME, "deadline_closing": MANY, "survey_steering": OFTEN},
    "calling_back": {"cut_and_call_back": SOME, "premature_closing": SOME, "hoarding": OFTEN},
    "hanging_up": {"hanging_up": SOME | {"intensity": 0.1}, "status_parking": SOME, "ticket_splitting": SOME},
    "passing_on": {"passing_on": SOME, "auto_close_harvesting": SOME, "reopen_avoidance": OFTEN},
    "hiding": {"wrap_hiding": SOME, "period_end_closing": MANY, "survey_suppression": OFTEN},
    "compressing": {"compression": SOME, "cherry_picking": OFTEN, "recoding": SOME},
    "inventing": {"invented_times": SOME, "priority_downgrading": SOME, "note_inflation": SOME},
    "cut_off": {
        "system_cut_off": {"limit": 900}, "line_drops": {"intensity": 0.2}, "escalation_alarms": {"intensity": 0.7},
    },
    "scripted": {
        "fixed_scripts": {"intensity": 0.1}, "wrap_automation": HALF, "closing_hour": {"intensity": 0.5},
        "vendor_waits": {"intensity": 0.5}, "address_corrections": {"intensity": 0.3},
    },
    "rounded": {
        "rounded_clock": HALF, "supervisor_approval": {"intensity": 0.5}, "quick_answers": {"intensity": 0.25},
        "onboarding_batches": {"intensity": 0.5}, "better_triage": {"intensity": 0.15},
    },
    "humped": {
        "category_hump": {"intensity": 1.0}, "ghost_calls": {"intensity": 0.03}, "genuine_silence": {"intensity": 0.25},
        "shift_handover": {"intensity": 1.0}, "new_category_tree": HALF,
    },
    "rolled_out": {
        "script_rollout": HALF | {"intensity": 0.8}, "late_information": {"intensity": 0.3},
        "replies_elsewhere": {"intensity": 0.8}, "contact_caps": {"intensity": 1.0},
    },
    "promising": {
        "promised_calls": {"intensity": 0.06}, "skill_routing": {"agents": 0.4, "intensity": 0.6},
        "regulated_notes": {"intensity": 0.9}, "new_state": HALF | {"intensity": 0.8},
    },
    "billed": {"billing_units": {"intensity": 1.0}, },
    "crowded": {"month_end_demand": {"intensity": 0.5}, "second_issue": {"intensity": 0.6}},
}  # fmt: skip
HOME = {behaviour: world for world, behaviours in WORLDS.items() for behaviour in behaviours}
GAMING = [name for name, behaviour in BEHAVIOURS.items() if behaviour.is_gaming]
LOOKALIKES = [name for name in BEHAVIOURS if name not in GAMING]
# Marks of the whole place, which no single row shows.
WITHOUT_ACTS = {
    "rounded_clock", "category_hump", "wrap_automation", "new_state", "script_rollout", "closing_hour",
    "replies_elsewhere", "month_end_demand", "new_category_tree",
}  # fmt: skip

CALLS = """create table calls as
select l.*, talk_seconds + hold_seconds + wrap_seconds as total, a.behaviour is not null as acted
from raw.calls as l left join (select distinct leg_id, behaviour from truth.acts where is_gaming) as a using (leg_id)
where direction = 'inbound' and leg_number = 1 and answered_at is not null"""

# The ticket that a person's problem began with: who took it when, how it was first resolved, and the policy that it
# was opened with, from which a ticket moves when its priority changes.
FIRST_TICKETS = """create table first_tickets as
with opening as (
    select problem_id, ticket_id, kind
    from truth.contacts qualify row_number() over (partition by problem_id order by "at", ticket_id) = 1
),
events as (
    select ticket_id,
        min_by((new_value, event_at, actor_type), event_sequence) filter (field = 'assignee') as taken,
        min_by((actor_type, event_at, actor_id, event_id), event_sequence) filter (new_value = 'resolved') as done,
        min_by((new_value, event_at, event_sequence), event_sequence)
            filter (new_value in ('pending', 'on_hold')) as paused,
        min(event_at) filter (field = 'team') as moved_at,
        min_by(old_value, event_sequence) filter (field = 'priority') as priority_at_open
    from raw.ticket_events group by ticket_id
)
select opening.problem_id, t.ticket_id, t.requester_id, t.created_at, t.team_id as team_now, t.category_at_open,
    p.category, p.subcategory, split_part(coalesce(priority_at_open, t.priority), ' ', 2) as policy,
    60 * target_minutes as target, split_part(t.team_id, ' ', 1) as site,
    taken[1] as agent_id, taken[2] as picked_at, taken[3] as taken_by, done[1] as done_by, done[2] as done_at,
    done[4] as done_event, moved_at,
    case when paused[2] < done[2] then paused[2] end as paused_at,
    case when paused[2] < done[2] then paused[1] end as paused_as, t.ticket_type
from opening join raw.tickets as t using (ticket_id) join truth.problems as p on p.problem_id = opening.problem_id
join events as e on e.ticket_id = t.ticket_id
join raw.sla_policies as s
    on s.policy_id = split_part(t.sla_policy_id, ' ', 1) || ' '
        || split_part(coalesce(priority_at_open, t.priority), ' ', 2)
where kind = 'opening' and not is_machine and channel in ('email', 'portal') and duplicate_of is null
    and merged_into is null and done is not null"""  # fmt: skip

MEMBER = "truth.behaviours as b on b.agent_id = {agent} and b.behaviour = '{name}' and {at} >= b.since"
# Those that a subcategory would give away are not moved to another category.
HARD = """subcategory is null and category in ('Laptop', 'Client records', 'Billing run', 'Invoice dispute',
    'Application crash', 'Data migration', 'New starter')"""
EASY = "category in ('Password reset', 'Address change', 'Order status', 'Mailbox full', 'Permissions')"


@dataclass
class World:
    """A world in a database of its own inside one connection, so that two of them can be joined."""

    connection: duckdb.DuckDBPyConnection
    name: str

    def rows(self, query):
        self.connection.execute(f"use {self.name}")
        return self.connection.execute(query).fetchall()

    def one(self, query):
        (row,) = self.rows(query)
        return row

    def arrays(self, query):
        self.connection.execute(f"use {self.name}")
        return self.connection.execute(query).fetchnumpy()


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A function that makes the world of a name, once a session."""
    folder = tmp_path_factory.mktemp("behaviours")
    connection = duckdb.connect()
    connection.execute("set threads = 1; set TimeZone = 'UTC'")
    made = {}

    def make(name):
        if name not in made:
            path = name
            if name in WORLDS:
                path = folder / f"{name}.yml"
                path.write_text(yaml.safe_dump({"habits": WORLDS[name]}), encoding="utf-8")
            simulate(
                folder / name,
                world=str(path),
                **SIZE | ({"tickets": 3000, "calls": 4000} if name == "law_firm" else {}),
            )
            made[name] = opened(connection, name, folder / name)
        return made[name]

    return make


def opened(connection, name, folder):
    connection.execute(f"attach ':memory:' as {name}; use {name}")
    for part in ("raw", "truth"):
        connection.execute(f"create schema {part}")
        for file in sorted((folder / part).glob("*.parquet")):
            connection.execute(f"create table {part}.{file.stem} as from read_parquet('{file}')")
    found = World(connection, name)
    connection.execute(CALLS)
    connection.execute(FIRST_TICKETS)
    clock_tickets(found)
    clock_drops(found)
    return found


def clocks(found):
    """The sites' working hours, as the raw tables state them."""
    return {
        site: Clock(
            zone,
            [day for (day,) in found.rows(f"select holiday_on from raw.holidays where calendar_id = '{site}'")],
            [(8, 18) if (weekday,) in found.rows(f"""select iso_weekday from raw.calendars
                where calendar_id = '{site}'""") else None for weekday in range(1, 8)],
            BEGIN,
            END,
        )
        for site, zone in found.rows("select distinct calendar_id, time_zone from raw.calendars")
    }  # fmt: skip


def clock_tickets(found):
    """Add what needs a calendar: working seconds until taken (pick_run) and resolved (run), the local seconds of the
    day of both, and the end of the last working day of the month that the resolution came shortly after."""
    tickets = found.arrays(
        "select ticket_id, site, epoch(created_at) as created, epoch(picked_at) as picked, epoch(done_at) as done "
        "from first_tickets"
    )
    columns = {
        name: np.zeros(len(tickets["site"]))
        for name in ("run", "pick_run", "local", "pick_local", "after", "month_end")
    }
    for site, clock in clocks(found).items():
        here = np.flatnonzero(tickets["site"] == site)
        created, picked, done = (tickets[name][here].astype(np.int64) for name in ("created", "picked", "done"))
        columns["run"][here] = clock.worked(done) - clock.worked(created)
        columns["pick_run"][here] = clock.worked(picked) - clock.worked(created)
        columns["local"][here], columns["pick_local"][here] = clock.local(done), clock.local(picked)
        columns["after"][here] = [last_closing(clock, instant) for instant in done.tolist()]
        columns["month_end"][here] = [is_month_end(clock, instant) for instant in done.tolist()]
    names = ", ".join(columns)
    found.connection.register("columns", {"ticket_id": tickets["ticket_id"]} | columns)
    found.connection.execute(
        f"create or replace table first_tickets as select f.*, {names} from first_tickets as f "
        "join columns using (ticket_id)"
    )
    found.connection.unregister("columns")


def last_closing(clock, instant):
    """18:00 of the last working day before an instant, where that is the last of its month and the day lies less than
    four days back; else 0."""
    for back in range(5):
        day = int(clock.day_of(instant)) - back
        date = datetime.date.fromordinal(day + 719163)
        if not clock.hours_of(date):
            continue
        closing = int(clock.at(day, 18 * 3600))
        if closing < instant < closing + 4 * 86400:
            following = date + datetime.timedelta(days=1)
            while not clock.hours_of(following):
                following += datetime.timedelta(days=1)
            return closing if following.month != date.month else 0
    return 0


def is_month_end(clock, instant):
    """Whether an instant lies in the last afternoon on which anybody works in its month."""
    day = int(clock.day_of(instant))
    following = date = datetime.date.fromordinal(day + 719163)
    while following.month == date.month and (following == date or not clock.hours_of(following)):
        following += datetime.timedelta(days=1)
    return following.month != date.month and clock.local(instant) >= 15 * 3600


def goes_home(found):
    """Agent -> local second of the day at which their shifts end."""
    sites = clocks(found)
    ends = {}
    for agent, site, end in found.rows("""
        select agent_id, split_part(team_id, ' ', 1), epoch(shift_ended_at)::bigint
        from raw.shifts join (select agent_id, min(team_id) as team_id from raw.agents group by 1) using (agent_id)
        where dayofweek(shift_started_at) between 1 and 5"""):
        ends.setdefault(agent, []).append(int(sites[site].local(end)))
    return {agent: int(np.median(found)) for agent, found in ends.items()}


def clock_drops(found):
    """went_home: how many seconds before the end of their shift agents gave tickets back, by the wall's clock."""
    home, sites = goes_home(found), clocks(found)
    left = [
        (event, home[agent] - int(sites[site].local(at)))
        for event, agent, site, at in found.rows("""
            select event_id, old_value, split_part(t.team_id, ' ', 1), epoch(event_at)::bigint
            from raw.ticket_events join raw.tickets as t using (ticket_id)
            where field = 'assignee' and new_value is null""")
        if agent in home
    ]
    found.connection.execute("create table went_home (event_id text, remaining integer)")
    if left:
        found.connection.executemany("insert into went_home values (?, ?)", left)


def recovered(acted, occasions, planned):
    """The share of the occasions acted on is the planted one, by four standard errors of a binomial."""
    assert occasions * min(planned, 1 - planned) >= 5 or (planned == 1 and occasions >= 20), occasions
    error = math.sqrt(planned * (1 - planned) / occasions)
    assert abs(acted / occasions - planned) <= 4 * error + 1e-12, (acted, occasions, planned)


def distance(hits, count, other_hits, other_count):
    """How many standard errors one share lies above another."""
    both = (hits + other_hits) / (count + other_count)
    error = math.sqrt(both * (1 - both) * (1 / count + 1 / other_count))
    return (hits / count - other_hits / other_count) / error if error else 0.0


def intensity(found, name):
    (share,) = found.one(f"select min(intensity) from truth.behaviours where behaviour = '{name}'")
    return float(share)


# ---- the ledger


# What an act names, and the raw row that it must be: its table, its key, its time, and who did it, where that is told.
EVENT = ("raw.ticket_events", "event_id", "event_at", "actor_id")
ROWS = {
    "leg": ("raw.calls", "leg_id", "answered_at", "agent_id"),
    "event": EVENT,
    "ticket": ("raw.tickets", "ticket_id", "created_at", None),
    "message": ("raw.ticket_messages", "message_id", "sent_at", None),
    "survey": ("raw.surveys", "survey_id", "eligible_at", None),
}
ROW_OF = dict.fromkeys(
    ("reopen_avoidance", "ticket_splitting", "second_issue", "onboarding_batches"), "ticket"
) | dict.fromkeys(("note_inflation", "regulated_notes"), "message") | dict.fromkeys(
    ("survey_steering", "contact_caps"), "survey"
)  # fmt: skip
# Done by a timer, or by a dispatcher: the row names no agent.
BY_MACHINE = {"auto_close_harvesting", "genuine_silence", "skill_routing"}


def row_of(found, name):
    legs = found.one(f"select count(leg_id) from truth.acts where behaviour = '{name}'")[0]
    return ROW_OF.get(name, "leg" if legs else "event")


@pytest.mark.parametrize("name", [name for name in BEHAVIOURS if name not in WITHOUT_ACTS])
def test_each_act_is_one_raw_row_of_a_member(world, name):
    found = world(HOME[name])
    table, key, time, agent = ROWS[row_of(found, name)]
    acts, keys, joined, on_time, by_agent, members, is_gaming = found.one(f"""
        select count(*), count(distinct a.{key}), count(r.{key}), count(*) filter (r.{time} = a.at),
            count(*) filter ({f"r.{agent}" if agent else "a.agent_id"} is not distinct from a.agent_id),
            count(*) filter (exists (from truth.behaviours as b where b.agent_id = a.agent_id
                and b.behaviour = a.behaviour and a.at >= b.since)), count(*) filter (a.is_gaming)
        from truth.acts as a left join {table} as r using ({key}) where a.behaviour = '{name}'""")
    assert acts >= 20
    assert acts == keys == joined == on_time
    assert by_agent == (acts if name not in BY_MACHINE else 0)
    assert is_gaming == (acts if BEHAVIOURS[name].is_gaming else 0)
    if BEHAVIOURS[name].is_gaming or name == "skill_routing":
        assert members == acts


@pytest.mark.parametrize("name", GAMING)
def test_some_have_it_and_others_do_not(world, name):
    found = world(HOME[name])
    agents, members, since, planned = found.one(f"""
        select (select count(distinct agent_id) from raw.agents), count(distinct agent_id), min(since), min(intensity)
        from truth.behaviours where behaviour = '{name}' and is_gaming""")
    asked = WORLDS[HOME[name]][name]
    assert 4 <= members < agents
    assert since.date() == BEGIN + datetime.timedelta(days=round(asked["since"] * (END - BEGIN).days))
    assert float(planned) == asked["intensity"]


# ---- how often


# Which calls of a member were occasions, as far as the agent let them be.
CALL_OCCASIONS = {
    "call_cutting": "transfer_type is null and total > 360 and total <= 480",
    "cut_and_call_back": "transfer_type is null and total > 360 and total <= 480",
    "hanging_up": "transfer_type is null",
    "passing_on": "transfer_type is null and total > 300",
    "wrap_hiding": "wrap_seconds > 15",
    "compression": "transfer_type is null and total > 180",
    "invented_times": "transfer_type is null and talk_seconds + hold_seconds >= 60",
}


@pytest.mark.parametrize("name", CALL_OCCASIONS)
def test_calls_are_acted_on_as_often_as_planted(world, name):
    found = world(HOME[name])
    # habits of the telephone begin with a site's day
    member = MEMBER.format(agent="c.agent_id", name=name, at="c.answered_at - interval 1 day")
    acted, occasions = found.one(
        f"select count(*) filter (acted), count(*) from calls as c join {member} where acted or {CALL_OCCASIONS[name]}"
    )
    recovered(acted, occasions, intensity(found, name))


UNPAUSED = "o.paused_at is null"
FINISHED = "o.done_by = 'agent'"
# Which tickets were occasions, as they went in the honest world; a little inside of the borders.
TICKET_OCCASIONS = {
    "deadline_closing": f"""{UNPAUSED} and o.run between o.target + 60 and 1.5 * o.target - 60
        and o.pick_run < o.target - 1260""",
    "status_parking": f"{UNPAUSED} and o.run > o.target + 60 and o.run - o.pick_run > 600",
    "premature_closing": f"{FINISHED} and o.moved_at is null",
    "auto_close_harvesting": f"{FINISHED} and {UNPAUSED}",
    "ticket_splitting": "epoch(o.done_at) - epoch(o.picked_at) > 720",
    "period_end_closing": f"""{FINISHED} and o.after > 0 and epoch(o.picked_at) < o.after - 4 * 3600
        and coalesce(epoch(o.paused_at) <= o.after - 5 * 3600, true)""",
    "priority_downgrading": f"""{UNPAUSED} and o.policy <> 'low' and o.run > o.target + 60
        and o.pick_run < 0.8 * o.target - 60""",
    "note_inflation": FINISHED,
    "escalation_alarms": f"{UNPAUSED} and o.run between 0.8 * o.target + 60 and 1.4 * o.target - 60",
    "quick_answers": f"{FINISHED} and o.moved_at is null",
    "genuine_silence": f"{FINISHED} and {UNPAUSED}",
    "vendor_waits": f"{FINISHED} and o.paused_as = 'pending'",
    "late_information": f"{UNPAUSED} and o.policy in ('normal', 'high') and o.done_at > o.picked_at + interval 1 day",
    "regulated_notes": FINISHED,
    "onboarding_batches": "o.ticket_type = 'request'",
    "better_triage": "o.category_at_open <> 'Other' and o.subcategory is null",
}  # fmt: skip


def tickets_acted_on(found, name):
    """(acted, occasions)"""
    member = MEMBER.format(agent="o.agent_id", name=name, at="o.picked_at - interval 1 hour")
    if name == "period_end_closing":
        member = MEMBER.format(agent="o.agent_id", name=name, at="make_timestamp((o.after::bigint - 10800) * 1000000)")
    # what a ticket is opened as does not depend on who takes it
    who = "true" if name in ("onboarding_batches", "better_triage") else "b.agent_id is not null"
    mine = {
        "onboarding_batches": """t.requester_id = f.requester_id and t.created_at between f.created_at
            and f.created_at + interval 3 minute""",
        "ticket_splitting": """t.requester_id = f.requester_id and t.created_at between f.picked_at
            and f.picked_at + interval 10 minute""",
    }.get(name, "ticket_id = f.ticket_id")  # fmt: skip
    return found.one(f"""
        select count(*) filter (exists (from truth.acts as a join raw.tickets as t using (ticket_id)
            where behaviour = '{name}' and {mine})), count(*)
        from honest.first_tickets as o join first_tickets as f using (problem_id) left join {member}
        where ({TICKET_OCCASIONS[name]}) and {who}""")


@pytest.mark.parametrize("name", TICKET_OCCASIONS)
def test_tickets_are_acted_on_as_often_as_planted(world, name):
    world("honest")
    found = world(HOME[name])
    recovered(*tickets_acted_on(found, name), intensity(found, name))


# Who belongs to which team when; those who have a habit are marked.
STAFF = """staff as (
    select agent_id, team_id, coalesce(hired_on, date '2000-01-01') as hired_on,
        coalesce(left_on, date '2100-01-01') as left_on,
        case when row_number() over w = 1 then timestamp '2000-01-01' else valid_from end as valid_from,
        coalesce(lead(valid_from) over w, timestamp '2100-01-01') as valid_to,
        agent_id in (select agent_id from truth.behaviours where behaviour = '{name}') as has_it
    from raw.agents window w as (partition by agent_id order by valid_from)
)"""
AT_WORK = """staff.hired_on <= {at}::date and staff.left_on > {at}::date
    and staff.valid_from <= date_trunc('day', {at}) and staff.valid_to > date_trunc('day', {at})"""


def expected(acted, chances):
    """As many acts as the sum of their chances, by four standard errors."""
    error = math.sqrt((chances * (1 - chances)).sum())
    assert chances.sum() > 20
    assert abs(acted - chances.sum()) <= 4 * error, (acted, chances.sum(), error)


@pytest.mark.parametrize("name", ["cherry_picking", "skill_routing"])
def test_easy_tickets_are_taken_as_often_as_planted(world, name):
    """The finder of an easy ticket draws again, up to eight times, until it is somebody who has the habit: their share
    of the team stands in the raw agents."""
    found = world(HOME[name])
    tickets = found.arrays(f"""
        with {STAFF.format(name=name)}
        select f.ticket_id in (select ticket_id from truth.acts where behaviour = '{name}') as acted,
            avg(has_it::integer) as share
        from first_tickets as f join staff on staff.team_id = f.team_now and {AT_WORK.format(at="f.picked_at")}
        where {EASY} and f.created_at >= (select min(since) from truth.behaviours where behaviour = '{name}')
        group by f.ticket_id""")
    expected(tickets["acted"].sum(), intensity(found, name) * (1 - (1 - tickets["share"]) ** 9))
    hard = f"""select count(*) from first_tickets join truth.acts using (ticket_id) where behaviour = '{name}'
        and not {EASY}"""
    assert found.one(hard) == (0,)


def test_tickets_are_hoarded_as_often_as_planted(world):
    """Anybody of the team may hold a ticket before somebody else resolves it. The honest world tells how long that
    took, the raw shifts when each holder goes home, and so with what chance it was dropped in between."""
    honest, found = world("honest"), world(HOME["hoarding"])
    home, sites, planned = goes_home(found), clocks(found), intensity(found, "hoarding")
    chances = {}
    for ticket, agent, site, picked, done, holder, has_it in found.rows(f"""
        with {STAFF.format(name="hoarding")}
        select f.ticket_id, o.agent_id, o.site, epoch(o.picked_at)::bigint, epoch(o.done_at)::bigint, staff.agent_id,
            has_it
        from honest.first_tickets as o join first_tickets as f using (problem_id)
        join staff on staff.team_id = o.team_now and {AT_WORK.format(at="o.picked_at")}
        where {UNPAUSED} and o.done_at > o.picked_at + interval 4 hours
            and o.picked_at >= (select min(since) from truth.behaviours where behaviour = 'hoarding')"""):
        mine = chances.setdefault(ticket, [])
        if not has_it or holder == agent or holder not in home:
            mine.append(0.0)
            continue
        clock = sites[site]
        over = int(clock.at(int(clock.day_of(picked)), 0)) + home[holder]
        # dropped some time in the last 50 minutes, after four hours or more
        latest, earliest = min(1.0, (over - picked - 14400) / 3000), max(0.0, (over - done + 600) / 3000)
        mine.append(planned * max(0.0, latest - earliest))
    acted = found.one("""select count(*) from truth.acts where behaviour = 'hoarding'
        and ticket_id in (select ticket_id from first_tickets)""")[0]
    assert honest
    expected(acted, np.array([np.mean(mine) for mine in chances.values()]))


# The agent that a survey is about: who resolved its ticket, or who spoke last in its contact.
SURVEYED = """surveyed as (
    select s.*, coalesce(
        (select max_by(agent_id, leg_number) from raw.calls as l where l.contact_id = s.contact_id
            and agent_id is not null),
        (select max_by(new_value, event_sequence) from raw.ticket_events as e
            where e.ticket_id = s.ticket_id and field = 'assignee' and event_at <= s.eligible_at)) as agent_id
    from raw.surveys as s
)"""
# The customers' replies to tickets that were resolved in vain, and whether an agent opened a new one within the hour.
REPLIES = """replies as (
    select m.ticket_id, m.sent_at as at_, exists (from truth.acts as a join raw.tickets as t using (ticket_id)
        where a.behaviour = 'reopen_avoidance' and t.requester_id = old.requester_id
            and t.created_at between m.sent_at + interval 239 second and m.sent_at + interval 2041 second) as avoided
    from raw.ticket_messages as m join raw.tickets as old using (ticket_id)
    where m.author_type = 'requester' and not m.is_automatic and m.sent_at < timestamp '2024-04-30 23:00'
        and (select max_by(outcome, claimed_at) from truth.claims as c
            where c.ticket_id = m.ticket_id and claimed_at < m.sent_at) = 'unsolved'
        and (select max_by(new_value, event_sequence) from raw.ticket_events as e
            where e.ticket_id = m.ticket_id and field = 'status' and event_at < m.sent_at) = 'resolved'
),
answered as (
    select replies.*, (select max_by(new_value, event_sequence) from raw.ticket_events as e
        where e.ticket_id = replies.ticket_id and field = 'assignee' and event_at < at_) as agent_id
    from replies
)"""
# Occasions that the world itself shows: rows with an agent, a time, and whether they were acted on.
OCCASIONS = {
    "survey_steering": f"""with {SURVEYED} select agent_id, eligible_at as at_, survey_id in (select survey_id
        from truth.acts where behaviour = 'survey_steering') as acted from surveyed""",
    "address_corrections": f"""with {SURVEYED} select agent_id, eligible_at as at_, survey_id in (select
        survey_id from truth.acts where behaviour = 'address_corrections') as acted from surveyed
        where sent_at is not null and ticket_id is not null""",
    # decided when all that came before the resolution was done
    "recoding": f"""select agent_id, (select max(event_at) from raw.ticket_events as e where e.ticket_id = f.ticket_id
        and event_at < f.done_at and field <> 'category') as at_, exists (from truth.acts as a
        where a.ticket_id = f.ticket_id and behaviour = 'recoding' and a.at < f.done_at) as acted
        from first_tickets as f where {HARD}""",
    "reopen_avoidance": f"""with {REPLIES} select agent_id, at_, avoided as acted from answered
        join (select agent_id, max(left_on) as left_on from raw.agents group by all) using (agent_id)
        where at_ < coalesce(left_on, date '2100-01-01')""",
    "promised_calls": """select agent_id, answered_at as at_, leg_id in (select leg_id from truth.acts
        where behaviour = 'promised_calls') as acted from calls where channel = 'voice'
        and transfer_type is null and disposition not in ('wrong number', 'dropped')""",
    "new_state": """select agent_id, shift_started_at as at_, exists (from raw.agent_states as s
        where s.agent_id = t.agent_id and state = 'research' and started_at between shift_started_at
        and shift_ended_at) as acted from raw.shifts as t""",
    "line_drops": """select agent_id, answered_at as at_, disposition = 'dropped' as acted from calls
        where split_part(team_id, ' ', 1) = 'Vienna' and epoch(started_at)::bigint // 604800 % 7 = 3
        and disposition <> 'wrong number'""",
    "fixed_scripts": """select agent_id, answered_at as at_, talk_seconds = 320 and hold_seconds = 0
        and wrap_seconds = 10 as acted from calls where transfer_type is null
        and disposition not in ('wrong number', 'information')""",
    "system_cut_off": """select agent_id, answered_at as at_, talk_seconds + hold_seconds = 900
        and disconnected_by = 'system' as acted from calls where transfer_type is null
        and talk_seconds + hold_seconds >= 900 and (talk_seconds + hold_seconds > 900
        or disconnected_by = 'system')""",
    "billing_units": """select agent_id, answered_at as at_, talk_seconds % 300 = 0 and hold_seconds = 0
        as acted from calls where transfer_type is null and talk_seconds + hold_seconds >= 300""",
    # who rang the day before it began may ring again after midnight
    "rounded_clock": """select agent_id, answered_at - interval 1 day as at_, talk_seconds % 30 = 0 as acted
        from calls""",
}  # fmt: skip


@pytest.mark.parametrize("name", OCCASIONS)
def test_occasions_of_the_world_itself_are_acted_on_as_often_as_planted(world, name):
    found = world(HOME[name])
    acted, occasions = found.one(f"""
        select count(*) filter (acted), count(*) from ({OCCASIONS[name]}) as o
        join {MEMBER.format(agent="o.agent_id", name=name, at="o.at_")}""")
    recovered(acted, occasions, intensity(found, name))


def by_member_and_time(found, name, rows):
    """(acted, occasions) of `rows` by members since it began."""
    return found.one(f"""
        select count(*) filter (acted), count(*) from ({rows}) as o
        join {MEMBER.format(agent="o.agent_id", name=name, at="o.at_")}""")


def test_unhappy_customers_addresses_are_edited_as_often_as_planted(world):
    """Few unhappy customers say so. In the honest world the answers weigh as much as the chance of one is small (26 %
    of the extremes answer, 17 % of the others), which tells how many of those who are asked after a solved and an
    unsolved ticket are unhappy."""
    outcome = """claimed as (
        select s.*, c.outcome from surveyed as s join truth.claims as c
            on c.ticket_id = s.ticket_id and c.claimed_at = s.eligible_at and c.claim_type = 'ticket_resolved'
    )"""
    asked = world("honest").rows(f"""
        with {SURVEYED}, {outcome} select outcome, csat, count(*) from claimed where answered_at is not null
            group by all""")
    unhappy, error = {}, {}
    for solved in ("solved", "unsolved"):
        weights = [
            (csat <= 2, 1 / (0.26 if csat in (1, 5) else 0.17), count)
            for state, csat, count in asked
            if state == solved
        ]
        total = sum(weight * count for _, weight, count in weights)
        share = unhappy[solved] = sum(weight * count for bad, weight, count in weights if bad) / total
        error[solved] = math.sqrt(sum(count * (weight * (bad - share)) ** 2 for bad, weight, count in weights)) / total
    found = world(HOME["survey_suppression"])
    planned = intensity(found, "survey_suppression")
    sent = dict(
        found.rows(f"""
        with {SURVEYED}, {outcome} select outcome, count(*) from claimed as s
        join {MEMBER.format(agent="s.agent_id", name="survey_suppression", at="s.eligible_at")}
        where sent_at is not null group by outcome""")
    )
    chance = {state: planned * unhappy[state] for state in sent}
    acted = found.one("select count(*) from truth.acts where behaviour = 'survey_suppression'")[0]
    wanted = sum(sent[state] * chance[state] for state in sent)
    variance = sum(
        sent[state] * chance[state] * (1 - chance[state]) + (sent[state] * planned * error[state]) ** 2
        for state in sent
    )
    assert wanted > 10
    assert abs(acted - wanted) <= 4 * math.sqrt(variance), (acted, wanted, variance)


# ---- lookalikes whose occasions take more than a condition


def test_ghosts_ring_as_often_as_planted(world):
    """Of the calls that problems would have begun with, 6 in 1000 are wrong numbers in any world."""
    found = world("humped")
    wrong, first = found.one("""
        with firsts as (select problem_id, contact_id, kind from truth.contacts
            qualify row_number() over (partition by problem_id order by "at") = 1)
        select (select count(*) from calls where disposition = 'wrong number'), count(*) from firsts
            join calls using (contact_id)
        where channel = 'voice' and problem_id not in (select problem_id from truth.claims
            where claim_type = 'contained_by_bot')""")
    recovered(wrong, wrong + first, 1 - 0.994 * (1 - intensity(found, "ghost_calls")))
    assert found.one(
        "select max(talk_seconds) < 20 and count(customer_id) = 0 from calls where disposition = 'wrong number'"
    )[0]


def test_hard_calls_are_approved_as_often_as_planted(world):
    """Calls of hard issues that took more than eight minutes in the honest world take more than five with any agent;
    by rule, half of them go on after five."""
    world("honest")
    found = world("rounded")
    passed, count = found.one("""
        with firsts as (select problem_id, contact_id from truth.contacts where kind = 'contact'
            qualify row_number() over (partition by problem_id order by "at") = 1),
        long as (select h.problem_id from (select problem_id, contact_id from honest.truth.contacts
            where kind = 'contact'
            qualify row_number() over (partition by problem_id order by "at") = 1) as h
            join honest.calls as c using (contact_id)
            join truth.problems as p on p.problem_id = h.problem_id
            where transfer_type is null and talk_seconds > 480 and disposition = 'solved' and p.category in
                ('Laptop', 'Client records', 'Billing run', 'Invoice dispute', 'Application crash', 'Data migration',
                    'New starter'))
        select count(*) filter (leg_id in (select leg_id from truth.acts where behaviour = 'supervisor_approval')),
            count(*)
        from long join firsts using (problem_id) join calls using (contact_id)""")
    recovered(passed, count, intensity(found, "supervisor_approval"))
    # a fast agent is through with some a little earlier
    common, longest = found.one("""select mode(talk_seconds), max(talk_seconds) from calls
        join truth.acts as a using (leg_id) where behaviour = 'supervisor_approval'""")
    assert common == longest == 300


def test_what_is_finished_in_the_afternoon_is_resolved_before_going_home(world):
    world("honest")
    found = world("scripted")
    late, count = found.one(f"""
        select count(*) filter (f.local > 17 * 3600 + 2399 and f.done_at > o.done_at), count(*)
        from honest.first_tickets as o join first_tickets as f using (problem_id)
        where {FINISHED} and o.paused_at is null and o.local > 15 * 3600 and o.local < 17 * 3600 + 2399""")
    recovered(late, count, intensity(found, "closing_hour"))


def test_questions_are_asked_elsewhere_as_often_as_planted(world):
    """What waits for a customer has a question, but for one in ten who are asked by telephone anywhere."""
    near = """select count(*) filter (not exists (from {schema}.ticket_messages as m where m.ticket_id = f.ticket_id
        and is_public and m.author_type = 'agent' and sent_at between f.paused_at - interval 5 second and f.paused_at)),
        count(*) from {first} as f"""
    silent, count = world("honest").one(
        near.format(schema="raw", first="first_tickets") + " where paused_as = 'pending' and done_by = 'agent'"
    )
    recovered(silent, count, 0.1)
    found = world("rolled_out")
    silent, count = found.one(
        near.format(schema="raw", first="first_tickets") + " where paused_as = 'pending' and done_by = 'agent'"
    )
    recovered(silent, count, 1 - 0.9 * (1 - intensity(found, "replies_elsewhere")))


def test_thanks_bring_second_issues_as_often_as_planted(world):
    """A customer who writes after a ticket was solved has thanked; some have something else as well."""
    found = world("crowded")
    acted, thanked = found.one("""
        with thanks as (
            select m.ticket_id, m.sent_at, t.requester_id from raw.ticket_messages as m
                join raw.tickets as t using (ticket_id)
            where m.author_type = 'requester' and not m.is_automatic and m.sent_at < timestamp '2024-04-30 22:00'
                and (select max_by(outcome, claimed_at) from truth.claims as c
                    where c.ticket_id = m.ticket_id and claimed_at < m.sent_at) = 'solved'
                and (select max_by(new_value, event_sequence) from raw.ticket_events as e
                    where e.ticket_id = m.ticket_id
                    and field = 'status' and event_at < m.sent_at) = 'resolved'
        )
        select count(*) filter (exists (from truth.acts as a join raw.tickets as t using (ticket_id)
            where a.behaviour = 'second_issue' and t.created_at = sent_at + interval 10 minute
                and t.requester_id = thanks.requester_id)), count(*) from thanks""")
    recovered(acted, thanked, intensity(found, "second_issue"))


def test_more_comes_in_at_the_ends_of_months(world):
    """The odds of a problem to begin on one of a month's last four days, against the honest world's. At these hours the
    date is the same at all sites."""
    query = """select count(*) filter (month(began_at + interval 4 day) <> month(began_at)),
        count(*) filter (month(began_at + interval 4 day) = month(began_at))
        from truth.problems where root_cause is null and hour(began_at) between 6 and 21"""
    honest, found = world("honest").one(query), world("crowded").one(query)
    ratio = math.log(found[0] / found[1] / (honest[0] / honest[1]))
    planned = math.log(1 + 1.6 * intensity(world("crowded"), "month_end_demand"))
    assert abs(ratio - planned) <= 4 * math.sqrt(sum(1 / count for count in (*honest, *found)))


def test_what_is_not_done_is_handed_over_when_a_shift_ends(world):
    """Always, as planted: what was taken an hour before it could be handed back, which is in the last 25 minutes of the
    agent's shift, and in the honest world was resolved after the next working day's first hours without a wait."""
    honest, found = world("honest"), world("humped")
    home, sites = goes_home(honest), clocks(honest)
    handed = {ticket for (ticket,) in found.rows("select ticket_id from truth.acts where behaviour = 'shift_handover'")}
    silent = {
        ticket for (ticket,) in found.rows("select ticket_id from truth.acts where behaviour = 'genuine_silence'")
    }
    acted = []
    for ticket, agent, site, local, picked, done in found.rows(f"""
        select f.ticket_id, o.agent_id, o.site, o.pick_local, epoch(o.picked_at)::bigint, epoch(o.done_at)::bigint
        from honest.first_tickets as o join first_tickets as f using (problem_id) where {UNPAUSED}"""):
        clock = sites[site]
        morning = int(clock.when(clock.worked(int(clock.at(int(clock.day_of(picked)) + 1, 8 * 3600))) + 2 * 3600))
        if agent in home and home[agent] - local > 3600 + 1500 + 360 and done > morning + 700 and ticket not in silent:
            acted.append(ticket in handed)
    recovered(sum(acted), len(acted), intensity(found, "shift_handover"))


def test_nobody_is_asked_twice_in_thirty_days_where_contacts_are_capped(world):
    query = """with sent as (
        select customer_id, sent_at from raw.surveys as s
        join (select distinct ticket_id, problem_id from truth.contacts where ticket_id is not null
            and contact_id is null) as c using (ticket_id)
        join truth.problems using (problem_id) where sent_at is not null
        union
        select customer_id, sent_at from raw.surveys as s join truth.contacts as c using (contact_id)
        join truth.problems using (problem_id) where sent_at is not null)
    select count(*) filter (gap < interval 30 day), count(*) from (
        select sent_at - lag(sent_at) over (partition by customer_id order by sent_at) as gap from sent)"""
    again, _ = world("honest").one(query)
    assert again > 100
    assert world("rolled_out").one(query)[0] == 0
    # few who come again are asked: that is what looks like steering
    asked = f"""with {SURVEYED} select count(*) filter (sent_at is not null and c.is_first),
        count(*) filter (c.is_first),
        count(*) filter (sent_at is not null and not c.is_first), count(*) filter (not c.is_first)
        from surveyed as s join (select contact_id, row_number() over (partition by problem_id
            order by "at") = 1 as is_first
            from truth.contacts) as c using (contact_id)"""
    sent, first, sent_again, repeats = world("rolled_out").one(asked)
    assert distance(sent, first, sent_again, repeats) > 4
    sent, first, sent_again, repeats = world("honest").one(asked)
    assert abs(distance(sent, first, sent_again, repeats)) < 4


def test_a_tool_shortens_wrap_up(world):
    """To four tenths, in the mean of logarithms; whole seconds were cut off halves."""
    found = world("scripted")
    query = """select count(*), avg(ln(wrap_seconds + 0.5)), var_samp(ln(wrap_seconds + 0.5)) from calls
        where disposition not in ('wrong number', 'dropped') and transfer_type is null
            and leg_id not in (select leg_id from truth.acts where behaviour = 'fixed_scripts')
            and answered_at {} '2024-03-01 12:00'"""
    (before, mean, spread), (after, mean_after, spread_after) = (found.one(query.format(sign)) for sign in "<>")
    assert abs(mean_after - mean - math.log(0.4)) < 4 * math.sqrt(spread / before + spread_after / after)
    since = found.one("select min(since) from truth.behaviours where behaviour = 'wrap_automation'")[0]
    assert since.date() == datetime.date(2024, 3, 1)


def test_a_script_makes_calls_alike(world):
    """The variance of the logarithm of talk, within issues, is a mixture: scripted calls have 0.15 squared and what
    agents differ by. The share that it takes to explain the fall is the planted one."""
    found = world("rolled_out")
    query = """with t as (
            select ln(talk_seconds - 4) as talk, category, coalesce(subcategory, '') as subcategory, agent_id from calls
            where channel = 'voice' and transfer_type is null and disposition = 'solved' and talk_seconds > 30
                and total < 5000
                and contact_id in (select contact_id from truth.contacts
                    qualify row_number() over (partition by problem_id order by "at") = 1)
                and answered_at {} '2024-03-01 12:00'),
        centred as (select talk - avg(talk) over (partition by category, subcategory) as talk, agent_id from t)
        select count(*), var_samp(talk), kurtosis_pop(talk),
            (select var_samp(mean) from (select avg(talk) as mean from centred group by agent_id having
                count(*) > 100)) from centred"""
    n, before, tails, agents = found.one(query.format("<"))
    m, after, tails_after, _ = found.one(query.format(">"))
    scripted = 0.15**2 + agents
    share = (before - after) / (before - scripted)
    # the error of a sample variance
    error = math.sqrt(
        (1 - share) ** 2 * before**2 * (tails + 2) / n + after**2 * (tails_after + 2) / m
    ) / (before - scripted)  # fmt: skip
    assert abs(share - intensity(found, "script_rollout")) < 4 * error, (share, error)
    honest_before, honest_after = (world("honest").one(query.format(sign)) for sign in "<>")
    assert abs(honest_before[1] - honest_after[1]) < 4 * before * math.sqrt((tails + 2) * (1 / n + 1 / m))


def test_a_category_gets_another_name_on_a_date(world):
    found = world("humped")
    for table, column, at in (
        ("raw.tickets", "category_at_open", "created_at"),
        ("raw.calls", "category", "started_at"),
    ):
        old_before, new_before, old_after, new_after = found.one(f"""
            select count(*) filter (not late and {column} = 'Wireless'), count(*) filter (not late
                and {column} = 'Connectivity'),
                count(*) filter (late and {column} = 'Wireless'), count(*) filter (late and {column} = 'Connectivity')
            from (select *, {at} >= '2024-03-01' as late from {table})""")
        assert old_before > 100 and new_after > 100
        assert new_before == old_after == 0
    assert found.rows("""select category, valid_from::date, valid_to::date from raw.categories
        where category in ('Wireless', 'Connectivity') order by 1""") == [
        ("Connectivity", datetime.date(2024, 3, 1), None),
        ("Wireless", datetime.date(2023, 1, 1), datetime.date(2024, 3, 1)),
    ]


# ---- what it looks like


CALL = "select agent_id, answered_at as at_, {hit} as hit from calls where {where}"
TICKET = "select agent_id, picked_at as at_, {hit} as hit from first_tickets as f where {where}"
VOICE = "channel = 'voice' and transfer_type is null"
SILENT = """not exists (from raw.ticket_messages as m where m.ticket_id = f.ticket_id and is_public
    and not is_automatic and author_type = 'agent' and sent_at between {begin} and {end})"""
OUTBOUND = """exists (from raw.calls as o where o.direction = 'outbound' and o.agent_id = calls.agent_id
    and coalesce(o.customer_id = calls.customer_id, true) and o.started_at between calls.ended_at
    and calls.ended_at + interval 15 minute)"""
CHANGES = "exists (from raw.ticket_events as e where e.ticket_id = f.ticket_id and {what})"
QUICK = TICKET.format(
    hit=f"run - pick_run < 600 and {SILENT.format(begin='f.picked_at', end='f.done_at')}", where="moved_at is null"
)
NOTES = TICKET.format(
    hit="""(select count(*) from raw.ticket_messages as m where m.ticket_id = f.ticket_id and not is_public
        and author_type = 'agent' and sent_at <= f.done_at) >= 4""",
    where="done_by = 'agent'",
)
TIMER = TICKET.format(hit="done_by = 'automation'", where="true")
ALARMED = TICKET.format(hit="run between 0.8 * target and target", where="paused_at is null and run > 0.5 * target")
CLOSE = TICKET.format(hit="run between target - 1260 and target", where="paused_at is null and run > 0.5 * target")
HUNG_UP = CALL.format(hit="talk_seconds + hold_seconds < 10 and disconnected_by = 'agent'", where="channel = 'voice'")
PASSED = CALL.format(
    hit="transfer_type is not null and talk_seconds + hold_seconds between 300 and 359",
    where="channel = 'voice' and talk_seconds + hold_seconds >= 240",
)
JUST_UNDER = CALL.format(hit="total >= 330 and total < 360", where=f"{VOICE} and total >= 300 and total < 480")
SHORT = CALL.format(hit="talk_seconds + hold_seconds < 15 and disconnected_by <> 'customer'", where="channel = 'voice'")
SPLIT = TICKET.format(
    hit="""(select count(*) from raw.tickets as t where t.requester_id = f.requester_id
        and t.created_by_actor_type = 'agent'
        and t.channel in ('email', 'portal') and t.created_at between f.created_at
            and f.picked_at + interval 10 minute) >= 2""",
    where="true",
)
ANOTHER = """with replies as (
        select m.ticket_id, m.sent_at, t.requester_id, t.category from raw.ticket_messages as m
            join raw.tickets as t using (ticket_id)
        where author_type = 'requester' and not is_automatic and 'resolved' = (select max_by(new_value, event_sequence)
            from raw.ticket_events as e where e.ticket_id = m.ticket_id and field = 'status' and event_at < m.sent_at))
    select (select max_by(new_value, event_sequence) from raw.ticket_events as e where e.ticket_id = replies.ticket_id
            and field = 'assignee' and event_at < sent_at) as agent_id, sent_at as at_,
        exists (from raw.tickets as t where t.requester_id = replies.requester_id and t.created_by_actor_type = 'agent'
            and t.channel = 'email' and t.created_at between sent_at and sent_at + interval 40 minute) as hit
                from replies"""
DROPPED = """select agent_id, at_, coalesce(remaining between 0 and 3600, false) and held > {held} as hit from (
    select coalesce(e.old_value, e.new_value) as agent_id, event_at as at_, remaining,
        epoch(event_at) - epoch(lag(event_at) over (partition by e.ticket_id order by event_sequence)) as held
    from raw.ticket_events as e left join went_home using (event_id) where field = 'assignee')"""
EDITED = f"""with {SURVEYED} select agent_id, eligible_at as at_, exists (from raw.ticket_events as e
    where e.ticket_id = s.ticket_id and field = 'requester_email' and event_at between sent_at - interval 1 day
        and sent_at) as hit
    from surveyed as s where ticket_id is not null and sent_at is not null"""
INTO_OTHER = TICKET.format(hit=CHANGES.format(what="field = 'category' and new_value = 'Other'"), where=HARD)
RESTORED = TICKET.format(hit=CHANGES.format(what="field = 'category' and old_value = 'Other'"), where="true")
LOWERED = TICKET.format(
    hit=CHANGES.format(what="""field = 'priority' and old_value < new_value
        and event_at > f.picked_at + 0.25 * (f.done_at - f.picked_at)"""),
    where="policy <> 'low' and run > 0.85 * target",
)  # fmt: skip
UNASKED = """select agent_id, paused_at as at_, not exists (from raw.ticket_messages as m
    where m.ticket_id = f.ticket_id and is_public
        and sent_at between paused_at - interval 15 minute and paused_at + interval 15 minute) as hit
    from first_tickets as f where paused_at is not null{where}"""

PARKED = UNASKED.format(where=" and paused_as = 'pending'")
WAITING = UNASKED.format(where="")

# Rows with an agent, a time and whether they bear the mark; a member's rows bear it more often since it began.
PRINTS = {
    "call_cutting": JUST_UNDER,
    "cut_and_call_back": CALL.format(hit=OUTBOUND, where=f"{VOICE} and total >= 300 and total < 360"),
    "hanging_up": HUNG_UP,
    "passing_on": PASSED,
    "wrap_hiding": CALL.format(hit="wrap_seconds <= 14", where="channel = 'voice'"),
    "compression": CALL.format(hit="total >= 288 and total < 360", where=f"{VOICE} and total > 180"),
    "invented_times": CALL.format(hit="talk_seconds % 60 = 0", where=f"{VOICE} and talk_seconds >= 60"),
    "deadline_closing": CLOSE,
    "status_parking": PARKED,
    "premature_closing": QUICK,
    "auto_close_harvesting": TIMER,
    "reopen_avoidance": ANOTHER,
    "ticket_splitting": SPLIT,
    "period_end_closing": TICKET.format(hit="month_end = 1", where="true"),
    "cherry_picking": TICKET.format(hit=f"taken_by = 'agent' and {EASY}", where="true"),
    "hoarding": DROPPED.format(held=14400),
    "survey_suppression": EDITED,
    "recoding": INTO_OTHER,
    "priority_downgrading": LOWERED,
    "note_inflation": NOTES,
}  # fmt: skip


def marked(found, name, query):
    """(hits, rows) of members since a behaviour began, and of all else."""
    return found.one(f"""
        select count(*) filter (hit and b.agent_id is not null), count(*) filter (b.agent_id is not null),
            count(*) filter (hit and b.agent_id is null), count(*) filter (b.agent_id is null)
        from ({query}) as o left join {MEMBER.format(agent="o.agent_id", name=name, at="o.at_")}""")


# What each row that was acted on is like, whatever else it is.
EACH_ACT = {
    "call_cutting": "c.total between 336 and 359 and c.disconnected_by = 'agent'",
    "cut_and_call_back": f"c.total between 336 and 359 and {OUTBOUND.replace('calls.', 'c.')}",
    "hanging_up": "c.talk_seconds + c.hold_seconds < 10 and c.disconnected_by = 'agent'",
    "passing_on": "c.talk_seconds + c.hold_seconds between 306 and 355 and c.transfer_type is not null",
    "wrap_hiding": """c.wrap_seconds between 2 and 14 and exists (from raw.agent_states as r where r.state = 'research'
        and r.agent_id = c.agent_id and r.started_at = c.ended_at + to_seconds(c.wrap_seconds))""",
    "compression": "c.total >= 286 and (c.total < 360 or c.talk_seconds = 20)",
    "invented_times": "c.talk_seconds % 60 = 0 and c.hold_seconds = 0",
    "fixed_scripts": "c.talk_seconds = 320 and c.hold_seconds = 0 and c.wrap_seconds = 10",
    "line_drops": "c.talk_seconds < 15 and c.hold_seconds = 0 and c.disposition = 'dropped'",
    "ghost_calls": "c.talk_seconds < 15 and c.hold_seconds = 0 and c.disposition = 'wrong number'",
    "system_cut_off": "c.talk_seconds + c.hold_seconds = 900 and c.disconnected_by = 'system'",
    "supervisor_approval": "c.transfer_type is not null and c.talk_seconds between 240 and 300",
    "billing_units": "c.talk_seconds % 300 = 0 and c.hold_seconds = 0",
    "deadline_closing": "e.new_value = 'resolved' and e.actor_type = 'agent'",
    "period_end_closing": "e.new_value = 'resolved' and e.actor_type = 'agent'",
    "premature_closing": "e.new_value = 'resolved' and e.actor_type = 'agent'",
    "quick_answers": "e.new_value = 'resolved' and e.actor_type = 'agent'",
    "auto_close_harvesting": "e.old_value = 'pending' and e.new_value = 'resolved' and e.actor_type = 'automation'",
    "genuine_silence": "e.old_value = 'pending' and e.new_value = 'resolved' and e.actor_type = 'automation'",
    "status_parking": "e.new_value = 'pending' and e.actor_type = 'agent'",
    "vendor_waits": "e.new_value = 'on_hold' and e.actor_type = 'agent'",
    "cherry_picking": "e.field = 'assignee' and e.actor_type = 'agent' and e.new_value = a.agent_id",
    "skill_routing": "e.field = 'assignee' and e.actor_type = 'automation' and e.new_value = a.agent_id",
    "hoarding": "e.field = 'assignee' and e.old_value = a.agent_id and e.new_value is null",
    "shift_handover": "e.field = 'assignee' and e.old_value = a.agent_id and e.new_value is null",
    "recoding": "e.field = 'category' and e.new_value = 'Other' and e.old_value <> 'Other'",
    "better_triage": "e.field = 'category' and e.old_value = 'Other' and e.new_value <> 'Other'",
    # 1 is the highest priority
    "priority_downgrading": "e.field = 'priority' and e.old_value < e.new_value",
    "late_information": "e.field = 'priority' and e.old_value <> e.new_value",
    "survey_suppression": "e.field = 'requester_email' and s.answered_at is null and s.sent_at > e.event_at",
    "address_corrections": "e.field = 'requester_email' and s.sent_at > e.event_at",
    "note_inflation": "m.author_type = 'agent' and not m.is_public",
    "regulated_notes": "m.author_type = 'agent' and not m.is_public",
    "survey_steering": "s.sent_by = 'agent'",
    "contact_caps": "s.sent_at is null",
    "reopen_avoidance": "t.created_by_actor_type = 'agent' and t.channel = 'email'",
    "ticket_splitting": "t.created_by_actor_type = 'agent'",
    "second_issue": "t.created_by_actor_type = 'agent' and t.channel = 'email'",
    "onboarding_batches": "t.created_by_actor_type = 'agent' and t.ticket_type = 'request'",
    "promised_calls": "c.direction = 'inbound'",
}


@pytest.mark.parametrize("name", EACH_ACT)
def test_each_row_acted_on_is_as_described(world, name):
    described, acts = world(HOME[name]).one(f"""
        select count(*) filter ({EACH_ACT[name]}), count(*) from truth.acts as a
        left join calls as c using (leg_id) left join raw.ticket_events as e on e.event_id = a.event_id
        left join raw.tickets as t on t.ticket_id = a.ticket_id left join raw.surveys as s on s.survey_id = a.survey_id
        left join raw.ticket_messages as m on m.message_id = a.message_id where a.behaviour = '{name}'""")
    assert described == acts


@pytest.mark.parametrize("name", PRINTS)
def test_members_leave_the_print_and_others_do_not(world, name):
    hits, rows, others_hits, others = marked(world(HOME[name]), name, PRINTS[name])
    none, nobody, honest_hits, honest = marked(world("honest"), name, PRINTS[name])
    assert none == nobody == 0
    assert distance(hits, rows, others_hits, others) > 4, (hits, rows, others_hits, others)
    away = distance(others_hits, others, honest_hits, honest)
    # the easy tickets that members take are not left to others
    assert away < 4 if name == "cherry_picking" else abs(away) < 4, (others_hits, others, honest_hits, honest)


def test_members_send_surveys_to_the_pleased(world):
    query = f"""with {SURVEYED}, told as (select s.*, c.outcome = 'solved' as pleased from surveyed as s
        join truth.claims as c
            on c.claimed_at = s.eligible_at and (c.ticket_id = s.ticket_id or c.contact_id = s.contact_id))
        select b.agent_id is not null as member, count(*) filter (pleased and sent_at is not null),
            count(*) filter (pleased),
            count(*) filter (not pleased and sent_at is not null), count(*) filter (not pleased)
        from told as s left join {MEMBER.format(agent="s.agent_id", name="survey_steering", at="s.eligible_at")}
            group by 1 order by 1"""

    def gap(sent, pleased, sent_others, others):
        share, other = sent / pleased, sent_others / others
        return share - other, share * (1 - share) / pleased + other * (1 - other) / others

    (_, *before), (_, *after) = world("cutting").rows(query)
    ((_, *honest),) = world("honest").rows(query)
    (width, variance), (usual, usual_variance), (honestly, honest_variance) = gap(*after), gap(*before), gap(*honest)
    assert width - usual > 4 * math.sqrt(variance + usual_variance)
    assert abs(usual - honestly) < 4 * math.sqrt(usual_variance + honest_variance)
    assert abs(honestly) < 4 * math.sqrt(honest_variance)


def test_hidden_wrap_up_is_booked_as_research(world):
    """To the second: the wrap-up of a call and the research right after it are together what others book as wrap-up,
    and as research where they looked something up."""
    found = world("hiding")
    query = f"""with booked as (
            select c.*, epoch(s.ended_at - s.started_at) as research, exists (from truth.acts as a
                where a.leg_id = c.leg_id and a.behaviour = 'wrap_hiding') as hidden
            from calls as c left join raw.agent_states as s on s.agent_id = c.agent_id and s.state = 'research'
                and s.started_at = c.ended_at + to_seconds(c.wrap_seconds))
        select b.agent_id is not null, count(*), avg(wrap_seconds + coalesce(research, 0)),
            var_samp(wrap_seconds + coalesce(research, 0)), avg(wrap_seconds), count(research),
            count(*) filter (hidden), count(research) filter (hidden)
        from booked as c left join {MEMBER.format(agent="c.agent_id", name="wrap_hiding", at="c.answered_at")}
        where disposition not in ('wrong number', 'dropped') and channel = 'voice' group by 1 order by 1"""
    (_, n, mean, spread, wrap, research, none, _), (_, m, mean_members, spread_members, wrap_members, booked, acts,
        hidden) = found.rows(query)  # fmt: skip
    assert abs(mean - mean_members) < 4 * math.sqrt(spread / n + spread_members / m)
    assert wrap - wrap_members > 4 * math.sqrt(spread / n + spread_members / m)
    assert none == 0
    # one call in fifty is looked up after, anywhere
    recovered(research, n, 0.02)
    recovered(booked - hidden, m - acts, 0.02)
    assert hidden == acts == found.one("select count(*) from truth.acts where behaviour = 'wrap_hiding'")[0]


def test_picked_tickets_are_picked_faster(world):
    """In a quarter of the time, by the ledger's own draws; by all tickets, faster than the honest world's same ones."""
    world("honest")
    found = world("compressing")
    mean, spread, count = found.one("""
        select avg(ln((f.pick_run + 1) / (o.pick_run + 1))), var_samp(ln((f.pick_run + 1) / (o.pick_run + 1))), count(*)
        from first_tickets as f join honest.first_tickets as o using (problem_id)
        where f.ticket_id in (select ticket_id from truth.acts where behaviour = 'cherry_picking')
            and o.pick_run > 600""")
    assert mean == pytest.approx(math.log(0.25), abs=4 * math.sqrt(spread / count) + 0.01)


LOOKS = {
    "system_cut_off": CALL.format(hit="talk_seconds + hold_seconds = 900", where=VOICE),
    "fixed_scripts": JUST_UNDER,
    "rounded_clock": CALL.format(hit="talk_seconds % 30 = 0", where=VOICE),
    "category_hump": CALL.format(hit="total >= 300 and total < 360", where=f"{VOICE} and category = 'Password reset'"),
    "line_drops": SHORT,
    "ghost_calls": CALL.format(hit="talk_seconds + hold_seconds < 15", where=VOICE),
    "promised_calls": CALL.format(hit=OUTBOUND, where=VOICE),
    "supervisor_approval": PASSED,
    "wrap_automation": CALL.format(hit="wrap_seconds < 15", where=VOICE),
    "billing_units": CALL.format(hit="talk_seconds % 60 = 0", where=VOICE),
    "escalation_alarms": ALARMED,
    "closing_hour": TICKET.format(hit="local between 17 * 3600 + 2400 and 18 * 3600", where="true"),
    "vendor_waits": WAITING,
    "replies_elsewhere": PARKED,
    "quick_answers": QUICK,
    "genuine_silence": TIMER,
    "second_issue": ANOTHER,
    "onboarding_batches": SPLIT,
    "skill_routing": TICKET.format(hit=EASY, where="true"),
    "shift_handover": DROPPED.format(held=3600),
    "address_corrections": EDITED,
    "better_triage": RESTORED,
    "late_information": LOWERED,
    "regulated_notes": NOTES,
}  # fmt: skip
# Those whose tests above show it: what changes is a variance, a volume, a name, a state, or who is asked twice.
SHOWN_ABOVE = {"script_rollout", "month_end_demand", "new_category_tree", "new_state", "contact_caps"}


def test_nothing_is_left_unproven():
    assert set(PRINTS) | {"survey_steering"} == set(GAMING)
    assert set(LOOKS) | SHOWN_ABOVE == set(LOOKALIKES)
    special = {"cherry_picking", "hoarding", "survey_suppression", "skill_routing", "category_hump", "ghost_calls",
        "supervisor_approval", "wrap_automation", "script_rollout", "closing_hour", "replies_elsewhere", "second_issue",
        "month_end_demand", "shift_handover", "contact_caps", "new_category_tree"}  # fmt: skip
    assert set(CALL_OCCASIONS) | set(TICKET_OCCASIONS) | set(OCCASIONS) | special == set(BEHAVIOURS)


@pytest.mark.parametrize("name", LOOKS)
def test_lookalikes_look_like_it(world, name):
    hits, rows = marked(world(HOME[name]), name, LOOKS[name])[:2]
    honest_hits, honest = marked(world("honest"), name, LOOKS[name])[2:]
    assert distance(hits, rows, honest_hits, honest) > 4, (hits, rows, honest_hits, honest)
    assert world(HOME[name]).one("select count(*) from truth.acts where is_gaming") == (0,)


# ---- harm


# The first claim that anybody made of a problem, with the row that it is about.
FIRST_CLAIMS = """select c.problem_id, contact_id, ticket_id, outcome, behaviour, reaction from truth.claims as c
    where claim_type in ('contact_handled', 'ticket_resolved')
    qualify row_number() over (partition by c.problem_id order by claimed_at, claim_type) = 1"""
TOUCHED = """select coalesce(l.contact_id, s.contact_id) as contact_id,
        coalesce(a.ticket_id, s.ticket_id, l.ticket_id) as ticket_id, a.behaviour
    from truth.acts as a left join raw.calls as l using (leg_id) left join raw.surveys as s using (survey_id)"""
# Taken from the chance of solving by each, see the generator; the others take nothing.
HARMFUL = {
    "call_cutting", "hanging_up", "compression", "deadline_closing", "premature_closing", "auto_close_harvesting",
    "period_end_closing",
}  # fmt: skip
# These hurt customers too, but it is the system that does, whoever takes the call.
HARMFUL_SYSTEMS = {"system_cut_off", "line_drops"}


def worsened(found, name, touched=True):
    """Of the problems whose first claim an act of a behaviour is about, or of those that no act is about: how many
    there are, and by how many standard errors more of them were solved in the honest world alone than here alone."""
    where = f"""in (select {{key}} from touched where behaviour = '{name}' and {{key}} is not null)"""
    if not touched:
        where = "not in (select {key} from touched where {key} is not null)"
    either = " or " if touched else " and "
    chosen = either.join(
        f"coalesce(c.{key} {where.format(key=key)}, {not touched})" for key in ("contact_id", "ticket_id")
    )
    count, worse, better = found.one(f"""
        with touched as ({TOUCHED}), mine as ({FIRST_CLAIMS}),
        theirs as ({FIRST_CLAIMS.replace("truth.", "honest.truth.")})
        select count(*), count(*) filter (c.outcome = 'unsolved' and h.outcome = 'solved'),
            count(*) filter (c.outcome = 'solved' and h.outcome = 'unsolved')
        from mine as c join theirs as h using (problem_id)
        where c.outcome <> 'passed on' and h.outcome <> 'passed on' and ({chosen})""")
    return count, (worse - better) / math.sqrt(max(worse + better, 1))


@pytest.mark.parametrize("name", sorted(HARMFUL))
def test_what_games_leaves_problems_unsolved(world, name):
    world("honest")
    _, errors = worsened(world(HOME[name]), name)
    assert errors > 4
    back = "select count(*) filter (reaction <> 'none'), count(*) from truth.claims where {} and outcome <> 'passed on'"
    again, claims = world(HOME[name]).one(back.format(f"behaviour = '{name}'"))
    as_ever, of_all = world("honest").one(back.format("claim_type <> 'contained_by_bot'"))
    # they come back, or have given up
    assert distance(again, claims, as_ever, of_all) > 4


# Their acts are rows beside the claims, or about nobody's problem.
BESIDE = {"reopen_avoidance", "ticket_splitting", "second_issue", "onboarding_batches", "ghost_calls"}


@pytest.mark.parametrize("name", [name for name in BEHAVIOURS if name not in HARMFUL | HARMFUL_SYSTEMS])
def test_what_only_moves_numbers_solves_as_much_as_ever(world, name):
    """Problems that an act touched are solved as in the honest world, or better. Where acts are rows beside, or none
    are written down, those that no act touched."""
    honest, found = world("honest"), world(HOME[name])
    if HOME[name] == "crowded":
        # other problems than in the honest world, of the same kinds
        unsolved = f"""select count(*) filter (outcome = 'unsolved'), count(*) from ({FIRST_CLAIMS})
            where outcome <> 'passed on'"""
        assert abs(distance(*found.one(unsolved), *honest.one(unsolved))) < 4
        return
    count, errors = worsened(found, name, touched=name not in WITHOUT_ACTS | BESIDE)
    assert count >= 20
    assert errors < 4


@pytest.mark.parametrize("name", sorted(HARMFUL_SYSTEMS))
def test_what_a_system_ends_is_unsolved_whoever_takes_the_call(world, name):
    world("honest")
    found = world(HOME[name])
    outcomes = found.rows(f"""select distinct outcome from truth.claims join raw.calls using (contact_id)
        join truth.acts as a using (leg_id) where a.behaviour = '{name}' and outcome <> 'passed on'""")
    assert outcomes == [("unsolved",)]
    assert worsened(found, name, touched=False)[1] < 4


# ---- rows that cannot be


IMPOSSIBLE = {
    "events go back in time": """select 1 from (select event_at < lag(event_at) over (partition by ticket_id
        order by event_sequence) as bad from raw.ticket_events) where bad""",
    "a change begins where the last did not end": """select 1 from (select old_value is distinct
        from lag(new_value) over w and row_number() over w > 1 as bad from raw.ticket_events
        where field <> 'requester_email' window w as (partition by ticket_id, field
        order by event_sequence)) where bad""",
    "a change to the same": "select 1 from raw.ticket_events where old_value = new_value",
    "an event before its ticket": """select 1 from raw.ticket_events join raw.tickets using (ticket_id)
        where event_at < created_at""",
    "a ticket after the end": "select 1 from raw.tickets where created_at >= '2024-05-01'",
    "a resolved ticket that the tool never closes": """select 1 from raw.tickets where status = 'resolved'
        and resolved_at < '2024-04-20'""",
    "a call that ends before it begins": """select 1 from raw.calls where not (started_at <=
        coalesce(answered_at, started_at) and coalesce(answered_at, started_at) <= ended_at)""",
    "two calls of an agent at once": """select 1 from (select ended_at > lead(answered_at) over (partition by
        agent_id order by answered_at) as bad from raw.calls where agent_id is not null
        and channel = 'voice') where bad""",
    "talk and hold are longer than the call": """select 1 from raw.calls where answered_at is not null
        and talk_seconds + hold_seconds > epoch(ended_at - answered_at)""",
    "a number that nobody has is rung": "select 1 from raw.calls where direction = 'outbound' and customer_id is null",
    "an agent acts who has left": """select 1 from truth.acts join (select agent_id, max(left_on) as left_on
        from raw.agents group by agent_id having count(left_on) = count(*)) using (agent_id)
        where "at" >= left_on + 6""",
    "a return that is no contact": """select 1 from truth.claims as c where return_contact_id is not null
        and not exists (from truth.contacts as k where k.contact_id = c.return_contact_id)""",
    "a survey unanswered for no reason": """select 1 from truth.acts where behaviour = 'survey_suppression'
        and event_id is null""",
}  # fmt: skip


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_no_world_has(world, what):
    for name in WORLDS:
        assert world(name).rows(IMPOSSIBLE[what]) == [], name


def test_the_ledger_names_only_what_was_added(world):
    """Five to eight notes a ticket, four where the rule asks for them; none of those that would have been there."""
    for home, name, numbers in (("inventing", "note_inflation", {5, 6, 7, 8}), ("promising", "regulated_notes", {4})):
        counts = world(home).rows(f"""select count(*) from truth.acts as a join first_tickets as f using (ticket_id)
            where behaviour = '{name}' and a.at <= f.done_at group by ticket_id""")
        assert {count for (count,) in counts} == numbers
    world("honest")
    wrong, triaged = world("rounded").one("""
        select count(*) filter (o.category_at_open = 'Other'), count(*) from truth.acts as a
        join first_tickets as f using (ticket_id) join honest.first_tickets as o on o.problem_id = f.problem_id
        where a.behaviour = 'better_triage'""")
    # one in 25 is opened in the wrong category anywhere
    recovered(wrong, triaged, 0.04)


# ---- settings and stories


def test_the_law_firm_is_resolved_and_comes_back(world):
    """97 of 100 tickets are resolved, the same few categories of the same few people come back, and none has a problem
    record."""
    firm, honest = world("law_firm"), world("honest")
    resolved, tickets, recorded = firm.one(
        "select count(*) filter (status in ('resolved', 'closed')), count(*), count(problem_id) from raw.tickets"
    )
    assert resolved / tickets >= 0.97
    assert recorded == 0 and firm.one("select count(*) from raw.problems") == (0,)
    # the same person with the same category, after one was resolved two weeks before or earlier
    again = """select count(*) filter (exists (from raw.tickets as e where e.requester_id = t.requester_id
            and e.category = t.category and e.resolved_at between t.created_at - interval 45 day
                and t.created_at - interval 14 day)), count(*)
        from raw.tickets as t where channel <> 'monitor' and not is_test"""
    assert distance(*firm.one(again), *honest.one(again)) > 4
    accounts = firm.rows("""select account_id, count(distinct root_cause), count(distinct date_trunc('week', began_at))
        from truth.problems where root_cause is not null group by account_id""")
    assert len(accounts) == 3
    assert all(causes >= 5 and weeks >= 8 for _, causes, weeks in accounts)


def test_the_dealership_stops_asking_and_is_locked_out_as_ever(world):
    """Differences of differences of logarithms of counts: after against before, who pays against who doesn't."""
    found = world("dealership")
    (price,) = found.one("select min(month) from raw.costs where kind like 'price:%'")
    assert price == datetime.date(2024, 2, 1)
    since = BEGIN + datetime.timedelta(days=round(0.4 * (END - BEGIN).days))
    payer = "(select account_id from truth.problems group by account_id order by count(*) desc limit 1)"

    def change(query):
        counts = found.one(query)
        before, after, others_before, others_after = counts
        error = math.sqrt(sum(1 / count for count in counts))
        return math.log(after / before) - math.log(others_after / others_before), error

    split = """select {what} filter (account_id = {payer} and {at} < '{since}'), {what} filter (account_id = {payer}
        and {at} >= '{since}'),
        {what} filter (account_id <> {payer} and {at} < '{since}'), {what} filter (account_id <> {payer}
            and {at} >= '{since}')
        from {rows}"""

    def counted(what, at, rows):
        return split.format(what=what, payer=payer, at=at, since=since, rows=rows)

    planned = math.log(1 - 0.65)
    fall, error = change(counted("count(*)", "created_at", "raw.tickets where category = 'Password reset'"))
    assert fall < -4 * error
    assert abs(fall - planned) < 4 * error
    for query in (
        # what was needed, what was locked out, and what else was asked for
        counted("count(*)", "began_at", "truth.problems where category = 'Password reset'"),
        counted("sum(lockouts)", "day", "raw.access_events"),
        counted("count(*)", "created_at", "raw.tickets where category <> 'Password reset'"),
    ):
        change_of, error = change(query)
        assert abs(change_of) < 4 * error
        # and a fall such as that of the resets would be seen
        assert 4 * error < -planned


def test_closed_tickets_reopen_where_the_tool_lets_them(world):
    reopened = (
        "select count(*) from raw.ticket_events where field = 'status' and old_value = 'closed' and new_value = 'open'"
    )
    linked = "select count(follow_up_of) from raw.tickets"
    found, honest = world("closed_can_reopen"), world("honest")
    assert honest.one(reopened) == (0,) and honest.one(linked)[0] > 20
    assert found.one(reopened)[0] > 20 and found.one(linked) == (0,)
    # what customers suffer is the same
    unsolved = (
        "select count(*) filter (outcome = 'unsolved'), count(*) from truth.claims where claim_type = 'ticket_resolved'"
    )
    assert abs(distance(*found.one(unsolved), *honest.one(unsolved))) < 4


def test_a_feed_stops_and_the_world_goes_on(world):
    found = world("stopped_feed")
    stop = datetime.datetime.combine(BEGIN, datetime.time()) + datetime.timedelta(days=round(0.67 * (END - BEGIN).days))
    last_call, last_ticket = found.one(
        "select max(started_at), (select max(created_at) from raw.tickets) from raw.calls"
    )
    assert stop - datetime.timedelta(days=1) < last_call < stop
    assert last_ticket > datetime.datetime(2024, 4, 30)
    unseen, contacts = (
        found.one(f"""select count(*) filter (contact_id not in (select contact_id from raw.calls)), count(*)
        from truth.contacts where kind = 'contact' and "at" >= '{stop}'""")
    )
    assert unseen == contacts > 500


def test_the_mixed_world_has_each_of_its_behaviours(world):
    found = world("mixed")
    assert {name for (name,) in found.rows("select distinct behaviour from truth.acts where is_gaming")} == {
        "call_cutting", "premature_closing", "status_parking", "survey_steering"
    }  # fmt: skip
    member = MEMBER.format(agent="c.agent_id", name="call_cutting", at="c.answered_at - interval 1 day")
    acted, occasions = found.one(
        f"select count(*) filter (acted), count(*) from calls as c join {member} "
        f"where acted or {CALL_OCCASIONS['call_cutting']}"
    )
    recovered(acted, occasions, 0.4)
    recovered(*by_member_and_time(found, "survey_steering", OCCASIONS["survey_steering"]), 0.5)
    world("honest")
    recovered(*tickets_acted_on(found, "premature_closing"), 0.2)
    recovered(*tickets_acted_on(found, "status_parking"), 0.3)
