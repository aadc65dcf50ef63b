"""Random desks of four systems whose rows come in many loads: shuffled, late, again, corrected.

What an increment could get wrong is told in stories (`_STORIES`): a row that comes later and changes what was built of
others. Each is told in its share of the schedules, by construction, and counted.

Several desks may share a warehouse: each has persons, tickets, teams, agents and categories of its own. What a model
asks of a whole feed they can only have together (`Tools`): if one says when it answered, the feed does.
"""

import collections
import dataclasses
import datetime
import random
import re

from counterweight.dev import random_desk

START = random_desk.START
CANONICAL, SERVICENOW, BANK, MANAGER = "canonical", "servicenow", "bank_call_log", "service_manager"
DAYS = 75
LEAST_LOADS = 6
# Known in several systems: by them desks are one. The others mean something in their own system only.
EVERYWHERE = ("ann@x.example", "carol@x.example", "+4312345678", "erin@x.example")
AGENTS = tuple(f"agent {number}" for number in (0, 1, 2, 9))
FEEDS = ("tickets_opened", "ticket_events", "messages", "calls", "surveys", "bot_sessions", "business_outcomes")
LINKS = ("parent_ticket_id", "duplicate_of", "merged_into", "follow_up_of")
# When a row happened, by which it finds its load; what has none of them is there from the start.
TIMES = {
    "tickets": "created_at", "ticket_events": "event_at", "ticket_messages": "sent_at", "calls": "started_at",
    "surveys": "sent_at", "bot_sessions": "started_at", "business_claims": "claimed_at",
    "business_outcomes": "outcome_at", "problems": "opened_at", "agent_states": "started_at",
    "qa_reviews": "reviewed_at",
}  # fmt: skip


@dataclasses.dataclass
class Schedule:
    """loads: [({(system, table): [row]}, [(system, feed, observed until)])]; stories: how often each was told."""

    seed: int
    loads: list
    stories: collections.Counter


@dataclasses.dataclass(frozen=True)
class Tools:
    """What desks of one warehouse have in common.

    number    which columns the tools fill
    told      story about a whole feed -> the load from which it says something, and of which channel
    is_short  no claim is older than the tickets: with an outcome of last year the feed has 400 days more, each of which
              takes its time
    """

    number: int
    told: dict
    is_short: bool

    @classmethod
    def of(cls, number):
        chance = random.Random(f"tools {number}")
        told = {
            story: (chance.randint(2, LEAST_LOADS - 1), chance.choice(("voice", "chat")))
            for story in OF_FEEDS
            if chance.random() < _STORIES[story]
        }
        return cls(number, told, chance.random() < 0.75)


@dataclasses.dataclass
class Row:
    load: int
    system: str
    table: str
    values: dict


def make(seed, systems, tools=None):
    """The schedule of this number. systems: what may be loaded, by `declared_systems`."""
    return _Maker(seed, tools or Tools.of(seed)).make(systems)


def together(schedules):
    """Their loads as those of one warehouse: the first of each arrive together, then the second."""
    loads = []
    for schedule in schedules:
        for number, (files, ends) in enumerate(schedule.loads):
            if number == len(loads):
                loads.append((collections.defaultdict(list), []))
            for table, rows in files.items():
                loads[number][0][table] += rows
            loads[number][1].extend(ends)
    return [(dict(sorted(files.items())), ends) for files, ends in loads]


class _Desk(random_desk.Maker):
    def __init__(self, seed, tools):
        super().__init__(seed, tools.number)
        self.crowd = False


class _Maker:
    def __init__(self, seed, tools):
        self.seed, self.tools = seed, tools
        self.random = random.Random(f"schedule {seed}")
        self.count = self.random.choice((LEAST_LOADS, LEAST_LOADS, 7, 8))
        self.rows = []
        self.stories = collections.Counter()
        self.serial = 0
        # None: nothing comes in the order in which it happened
        self.late = self.random.choice((0.05, 0.15, 0.15, 0.3, None))

    # chance

    def chance(self, share):
        return self.random.random() < share

    def one_of(self, *values):
        return self.random.choice(values)

    def some(self, rows, most):
        return self.random.sample(rows, min(len(rows), self.random.randint(1, most)))

    def at(self, first=0, last=DAYS):
        return START + datetime.timedelta(days=self.random.randrange(first, last), seconds=self.random.randrange(40000))

    def later_load(self, load):
        return self.random.randint(min(load + 1, self.count - 1), self.count - 1)

    # rows

    def add(self, table, load, system=CANONICAL, **values):
        row = Row(load, system, table, {name: _text(value) for name, value in values.items()})
        self.rows.append(row)
        return row

    def of(self, table, system=CANONICAL, last=None):
        """Rows that came so far, in a load before `last`."""
        return [
            row
            for row in self.rows
            if row.table == table and row.system == system and (last is None or row.load < last)
        ]

    def usable(self, table, last=None):
        """Rows that nobody had to spoil, of loads that leave one after them."""
        last = self.count - 1 if last is None else last
        key, time = random_desk.COLUMNS[table].split()[0], TIMES[table]
        return [row for row in self.of(table, last=last) if row.values[key] and _is_time(row.values.get(time))]

    def again(self, row, load=None, **changes):
        """The row once more, otherwise."""
        load = self.later_load(row.load) if load is None else load
        values = row.values | {name: _text(value) for name, value in changes.items()}
        made = Row(max(load, min(row.load + 1, self.count - 1)), row.system, row.table, values)
        self.rows.append(made)
        return made

    def version(self, row, load=None, **changes):
        """A newer version of a ticket, leg or survey; some tools do not say that it is newer."""
        updated = row.values.get("updated_at")
        if _is_time(updated) and self.chance(0.8):
            moved = datetime.datetime.fromisoformat(updated) + datetime.timedelta(
                seconds=self.one_of(1, 60, 86400, 10 * 86400)
            )
            changes = {"updated_at": moved} | changes
        return self.again(row, load, **changes)

    def load_of(self, table, values):
        """The load in which a row comes, by when it happened and by how late it is."""
        if self.late is None:
            return self.random.randrange(self.count)
        text = values.get(TIMES.get(table, ""))
        if table not in TIMES:
            return 0 if self.chance(0.8) else self.random.randrange(self.count)
        days = (datetime.datetime.fromisoformat(text) - START).days if _is_time(text) else self.random.randrange(DAYS)
        load = max(0, min(self.count - 1, days * self.count // 45))
        return self.later_load(load) if self.chance(self.late) else load

    # the world

    def make(self, systems):
        first, second, third = _Desk(self.seed, self.tools).make(self.random.randint(150, 190))
        for table, rows in first.items():
            for values in rows:
                self.rows.append(Row(self.load_of(table, values), CANONICAL, table, dict(values)))
        for load in (second, third):
            for table, rows in load.items():
                for values in rows:
                    self.rows.append(Row(self.random.randint(1, self.count - 1), CANONICAL, table, dict(values)))
        if self.tools.is_short:
            self.rows = [
                row
                for row in self.rows
                if row.table != "business_outcomes" or (row.values["outcome_at"] or "") > "2024-02-01"
            ]
        self.people_and_money()
        self.servicenow()
        self.bank()
        self.manager()
        for story, share in _STORIES.items():
            if story in self.tools.told if story in OF_FEEDS else self.chance(share):
                story(self)
                self.stories[story.__name__.strip("_").replace("_", " ")] += 1
        self.copies()
        for row in self.rows:
            _name(row, self.seed)
        return Schedule(self.seed, self.loads(systems), self.stories)

    def loads(self, systems):
        made = []
        for number in range(self.count):
            files = collections.defaultdict(list)
            for row in self.rows:
                if row.load == number:
                    header = systems[row.system][row.table].columns
                    assert row.values.keys() <= set(header), (row.table, row.values.keys() - set(header))
                    files[row.system, row.table].append({name: row.values.get(name) for name in header})
            for rows in files.values():
                self.random.shuffle(rows)
            made.append((dict(sorted(files.items())), []))
        for number, system, feed, until in getattr(self, "ends", []):
            made[number][1].append((system, feed, until))
        return [load for load in made if load[0] or load[1]]

    def copies(self):
        """Rows that are delivered again as they were, and whole files of them."""
        for row in self.random.sample(self.rows, len(self.rows) // 25):
            self.again(row)
        if self.chance(0.3):
            load = self.random.randrange(self.count - 1)
            table = self.one_of("tickets", "ticket_events", "calls")
            for row in [row for row in self.of(table) if row.load == load]:
                self.again(row)

    def people_and_money(self):
        for agent in AGENTS:
            self.add(
                "agents", self.load_of("agents", {}), agent_id=agent, team_id=self.one_of("front", "back"),
                tier=self.one_of("first", "second"), valid_from=START - datetime.timedelta(days=90),
            )  # fmt: skip
            for _ in range(12):
                began = self.at(0, 45)
                values = {
                    "agent_id": agent, "started_at": began,
                    "state": self.one_of("on_queue", "on_call", "after_call", "break", "training", "odd word"),
                    "ended_at": began + datetime.timedelta(seconds=self.one_of(60, 600, 3600, 14400, 90000)),
                }  # fmt: skip
                self.add("agent_states", self.load_of("agent_states", {"started_at": _text(began)}), **values)
            for _ in range(4):
                began = self.at(0, 45)
                self.add(
                    "shifts", self.random.randrange(self.count), agent_id=agent, shift_started_at=began,
                    shift_ended_at=began + datetime.timedelta(hours=8), paid_minutes=self.one_of("480", "450"),
                )  # fmt: skip
        for account in ("firm", "shop"):
            self.add(
                "accounts", self.random.randrange(3), account_id=account, segment=self.one_of("a", "b"), users="40"
            )
            for _ in range(3):
                self.add(
                    "access_events", self.random.randrange(self.count), account_id=account, users="40",
                    day=self.at(0, 45).date(), lockouts=self.one_of("0", "3"),
                    self_service_resets=self.one_of("0", "5"),
                )  # fmt: skip
        for month in ("2024-03-01", "2024-04-01", "2024-05-01"):
            for team in ("front", "back"):
                load = self.random.randrange(self.count)
                self.add(
                    "costs", load, month=month, team_id=team, amount=self.one_of("1000", "2500.50"), currency="EUR",
                    kind=self.one_of("labour", "tools", "price:pc"),
                )  # fmt: skip
                self.add(
                    "team_absences", load, month=month, team_id=team, absence_rate="0.05", leavers="1", headcount="9"
                )
                self.add("team_pulses", load, month=month, team_id=team, respondents="8", mean_satisfaction="3.5")
            self.add(
                "business_measures", self.random.randrange(self.count), business_function="sales", unit="north",
                period_start=month, measure="pipeline", numerator=self.one_of("5", "7"), denominator="10",
            )  # fmt: skip
        self.add(
            "targets", self.random.randrange(self.count), metric="resolution", scope="all", operator="<=", target="60",
            valid_from=START, used_for="target",
        )  # fmt: skip
        for weekday in range(1, 6):
            self.hours("W1", weekday, 0)
        self.add("holidays", self.random.randrange(self.count), calendar_id="W1", holiday_on="2024-03-29")
        for row in self.of("sla_policies"):
            row.values["calendar_id"] = "W1" if self.chance(0.5) else None
        for row in self.some(self.of("calls"), 20):
            if row.values["contact_id"]:
                self.serial += 1
                self.add(
                    "qa_reviews", self.random.randrange(self.count), review_id=f"R{self.serial}",
                    contact_id=row.values["contact_id"], reviewed_at=self.at(), score="80",
                    passed=self.one_of("true", "false"),
                )  # fmt: skip

    def hours(self, calendar, weekday, load, opens="08:00", closes="17:00"):
        self.add(
            "calendars", load, calendar_id=calendar, time_zone="Europe/Vienna", iso_weekday=str(weekday),
            opens_at=opens, closes_at=closes,
        )  # fmt: skip

    def servicenow(self):
        for number in range(self.random.randint(30, 45)):
            opened = at = self.at(0, 40)
            values = {
                "number": f"INC{number:05d}", "incident_state": "New", "active": "true", "made_sla": "true",
                "reassignment_count": "0", "reopen_count": "0", "opened_at": _log(opened),
                "sys_created_at": _log(opened),
                "sys_created_by": "desk", "opened_by": "desk", "contact_type": self.one_of("Phone", "Email", "?"),
                "caller_id": self.one_of("Caller 1", "Caller 2", "Caller 3", "?", *EVERYWHERE),
                "category": self.one_of("net", "pc", "?"), "subcategory": self.one_of("vpn", "?"),
                "assignment_group": self.one_of("front", "back"), "assigned_to": self.one_of("agent 1", "?"),
                "problem_id": self.one_of("PRB1", "?", "?"),
                "parent_incident": f"INC{self.random.randrange(45):05d}" if self.chance(0.2) else "?",
            }  # fmt: skip
            for step in range(self.random.randint(1, 6)):
                state = (
                    "New"
                    if step == 0
                    else self.one_of("Active", "Resolved", "Resolved", "Closed", "Awaiting User Info")
                )
                values = values | {
                    "incident_state": state, "sys_mod_count": str(step), "sys_updated_at": _log(at),
                    "sys_updated_by": self.one_of("agent 1", "agent 2", "system"),
                    "active": "false" if state == "Closed" else "true",
                }  # fmt: skip
                load = max(0, min(self.count - 1, (at - START).days * self.count // 45))
                if self.late is None:
                    load = self.random.randrange(self.count)
                elif self.chance(self.late):
                    load = self.later_load(load)
                self.add("incident_event_log", load, SERVICENOW, **values)
                at += datetime.timedelta(minutes=self.one_of(0, 1, 30, 600, 1440, 7 * 1440, 7 * 1440 + 1))
        log = self.of("incident_event_log", SERVICENOW, self.count - 1)
        for row in self.some(log, 6):
            # the later arrival of a change decides
            self.again(row, incident_state=self.one_of("Resolved", "Active"), category=self.one_of("net", "order"))
        for row in self.some(log, 3):
            self.again(row, caller_id=self.one_of("Caller 2", *EVERYWHERE), sys_mod_count="9")
        for row in self.some(log, 2):
            spoiled = self.add(
                row.table, row.load, SERVICENOW, **row.values | {"opened_at": "soon", "sys_mod_count": "8"}
            )
            self.again(spoiled, opened_at=row.values["opened_at"])

    def bank(self):
        for number in range(self.random.randint(40, 60)):
            at = self.at(0, 40)
            answered = self.chance(0.8)
            clock = lambda seconds, at=at: (at + datetime.timedelta(seconds=seconds)).strftime("%H:%M:%S")  # noqa: E731
            self.add(
                "calls", self.load_of("calls", {"started_at": _text(at)}), BANK,
                **{
                    "vru+line": "AA0101", "call_id": str(number), "priority": "1", "vru_time": "5", "q_time": "20",
                    "customer_id": self.one_of("0", *(str(customer) for customer in range(1, 9))),
                    "type": self.one_of("PS", "PS", "NE", "NW", "IN"), "date": at.strftime("%y%m%d"),
                    "vru_entry": clock(0), "vru_exit": clock(5), "q_start": clock(5), "q_exit": clock(25),
                    "outcome": "AGENT" if answered else self.one_of("HANG", "PHANTOM"),
                    "ser_start": clock(26) if answered else "00:00:00",
                    "ser_exit": clock(206) if answered else "00:00:00", "ser_time": "180" if answered else "0",
                    "server": self.one_of("AVI", "TOVA") if answered else "NO_SERVER",
                },
            )  # fmt: skip
        calls = self.of("calls", BANK, self.count - 1)
        for row in self.some(calls, 4):
            self.again(row, customer_id=self.one_of("1", "2", "0"))
        for row in self.some(calls, 3):
            self.again(row, type=self.one_of("NE", "PS"), outcome=self.one_of("HANG", "PHANTOM", "LOST"))

    def manager(self):
        for number in range(self.random.randint(20, 30)):
            opened = self.at(0, 40)
            closed = opened + datetime.timedelta(minutes=self.one_of(5, 600, 3000))
            back = closed + datetime.timedelta(minutes=self.one_of(10, 1440, 7 * 1440)) if self.chance(0.3) else None
            thing = {
                "ci name (aff)": self.one_of("CI1", "CI2"), "ci type (aff)": "application",
                "ci subtype (aff)": self.one_of("Server Based Application", "Desktop"), "priority": "4",
                "category": self.one_of("incident", "request for information"),
            }  # fmt: skip
            has_incident = self.chance(0.8)
            load = self.load_of("tickets", {"created_at": _text(opened)})
            self.add(
                "interactions", load, MANAGER,
                **thing | {
                    "interaction id": f"SD{number:05d}", "status": "Closed", "open time (first touch)": _rabo(opened),
                    "close time": _rabo(closed), "first call resolution": self.one_of("Y", "N"),
                    "related incident": f"IM{number:05d}" if has_incident and self.chance(0.8) else None,
                },
            )  # fmt: skip
            if not has_incident:
                continue
            made = self.add(
                "incidents", self.one_of(load, load, self.later_load(load)), MANAGER,
                **thing | {
                    "incident id": f"IM{number:05d}", "status": "Closed", "open time": _rabo(opened),
                    "reopen time": None, "resolved time": _rabo(closed), "close time": _rabo(closed),
                    "related interaction": f"SD{number:05d}" if self.chance(0.8) else "#MULTIVALUE",
                },
            )  # fmt: skip
            if back and made.load < self.count - 1:
                end = _rabo(back + datetime.timedelta(hours=3))
                self.again(made, **{"reopen time": _rabo(back), "resolved time": end, "close time": end})
            for step, (at, kind) in enumerate(((opened, "Open"), (closed, "Closed"), (back, "Reopen"))):
                if at:
                    self.add(
                        "incident_activities", self.one_of(load, self.later_load(load)), MANAGER,
                        **{
                            "incident id": f"IM{number:05d}", "datestamp": _rabo(at),
                            "incidentactivity_number": f"{step}A{number:05d}", "incidentactivity_type": kind,
                            "assignment group": self.one_of("TEAM0001", "TEAM0002"),
                        },
                    )  # fmt: skip


# Stories. Each changes what was built of rows that came before.


def _visit(self, customer, at, load, table="calls", category="net", **values):
    self.serial += 1
    if table == "calls":
        return self.add(
            "calls", load, leg_id=f"V{self.serial}", contact_id=f"V{self.serial}", started_at=at,
            ended_at=at + datetime.timedelta(seconds=300), updated_at=at, direction="inbound", customer_id=customer,
            channel="voice", agent_id="agent 1", answered_at=at, category=category, talk_seconds="300",
            reported_resolved=self.one_of("true", "false"), **values,
        )  # fmt: skip
    ticket = self.add(
        "tickets", load, ticket_id=f"V{self.serial}", created_at=at, updated_at=at, requester_id=customer,
        channel="email", category=category, status="resolved", resolved_at=at + datetime.timedelta(seconds=300),
        ticket_type="incident", team_id="front", assignee_id="agent 1", **values,
    )  # fmt: skip
    self.add(
        "ticket_events", load, event_id=f"V{self.serial}/1", ticket_id=ticket.values["ticket_id"],
        event_at=at + datetime.timedelta(seconds=300), field="status", old_value="new", new_value="resolved",
        actor_type="agent", actor_id="agent 1",
    )  # fmt: skip
    return ticket


def _chain_merge(self):
    """Two chains of a customer; what comes later lies between them and makes them one."""
    for days in self.some([6, 13, 25, 29], 2):
        self.serial += 1
        customer, at, load = f"merger {self.serial}", self.at(0, 20), self.random.randint(2, self.count - 1)
        step = datetime.timedelta(days=days)
        _visit(self, customer, at, 0, self.one_of("calls", "tickets"))
        _visit(self, customer, at + 2 * step, self.random.randrange(load), self.one_of("calls", "tickets"))
        _visit(self, customer, at + step, load, self.one_of("calls", "tickets"))


def _chain_split(self):
    """One chain; its middle turns out to be about something else, somebody else's, or of another time."""
    self.serial += 1
    customer, at, load = f"splitter {self.serial}", self.at(0, 20), self.random.randint(1, self.count - 1)
    step = datetime.timedelta(days=self.one_of(6, 13, 25))
    _visit(self, customer, at, 0, self.one_of("calls", "tickets"))
    _visit(self, customer, at + 2 * step, self.random.randrange(load), self.one_of("calls", "tickets"))
    middle = _visit(self, customer, at + step, self.random.randrange(load), "calls")
    how = self.one_of("customer_id", "category", "started_at")
    value = {"customer_id": "C3", "category": "order", "started_at": at - datetime.timedelta(days=45)}[how]
    self.version(middle, load, **{how: value})


def _changed_requester(self):
    for row in self.some(self.usable("tickets"), 8):
        self.version(row, requester_id=self.one_of("C1", "bob", "Ann@x.example", "dave", "C3", None))


def _shared_by_volume(self):
    """The front desk comes far more often than anybody else: not from the start."""
    load = self.random.randint(2, self.count - 1)
    _crowd(self)
    for number in range(150):
        at = START + datetime.timedelta(hours=5 * number)
        _visit(
            self,
            "front desk",
            at,
            self.random.randrange(load) if number < 25 else load,
            category=self.one_of("net", "pc"),
        )


def _no_longer_shared_by_volume(self):
    """The front desk came far more often than anybody else, until it was said who really called."""
    load = self.random.randint(2, self.count - 1)
    _crowd(self)
    for number in range(150):
        at = START + datetime.timedelta(hours=5 * number)
        row = _visit(self, "front desk", at, self.random.randrange(load), category=self.one_of("net", "pc"))
        if number >= 12:
            self.version(row, load, customer_id=f"one {number}")


def _crowd(self):
    for number in range(1030):
        at = START + datetime.timedelta(minutes=40 * number)
        self.add(
            "tickets", 0 if number < 900 else 1, ticket_id=f"Z{number}", created_at=at, updated_at=at,
            requester_id=f"one {number}", channel="email", category="pc", status="new",
        )  # fmt: skip


def _identity_of_a_second_customer(self):
    """An identifier that was one customer's is listed for another as well: it says nothing any more."""
    for customer, kind, value in self.some(
        [
            ("C3", "email", "ann@x.example"),
            ("C1", "user", "bob"),
            ("C2", "phone", "+43 1 234 5678"),
            ("C4", "user", "C3"),
        ],
        2,
    ):
        self.add("identities", self.random.randint(2, self.count - 1), customer_id=customer, kind=kind, value=value)


def _two_customers_become_one(self):
    """An identifier under which somebody came is listed for a customer who came under another."""
    for customer, kind, value in self.some(
        [("C4", "email", "erin@x.example"), ("C1", "user", "dave"), ("C2", "phone", "0664/123-4567"),
         ("C3", "user", "C9"), ("C2", "user", "merger 1")], 2
    ):  # fmt: skip
        self.add("identities", self.random.randint(1, self.count - 1), customer_id=customer, kind=kind, value=value)


def _late_agent_version(self):
    for agent in self.some(list(AGENTS), 2):
        self.add(
            "agents", self.random.randint(2, self.count - 1), agent_id=agent, team_id=self.one_of("back", "third"),
            tier=self.one_of("first", "second"), valid_from=self.at(0, 40),
        )  # fmt: skip


def _late_category_version(self):
    load = self.random.randint(2, self.count - 1)
    category, subcategory = self.one_of(("net", None), ("pc", None), ("net", "vpn"))
    self.add(
        "categories", load, category=category, subcategory=subcategory, is_request=self.one_of("true", "false"),
        first_contact_eligible=self.one_of("true", "false"), valid_from=self.at(0, 40),
    )  # fmt: skip


def _late_sla_policy(self):
    load = self.random.randint(2, self.count - 1)
    policy, metric = self.one_of(
        ("P1", "resolution"), ("P2", "first_reply"), ("P3", "next_reply_time"), ("P1", "first_reply")
    )
    self.add(
        "sla_policies", load, policy_id=policy, metric=metric, target_minutes=self.one_of("5", "90", "3000"),
        calendar_id=self.one_of("W1", None), pausing_statuses=self.one_of("pending", None),
    )  # fmt: skip


def _late_calendar(self):
    load = self.random.randint(2, self.count - 1)
    for weekday in range(1, 7):
        self.hours("W1", weekday, load, self.one_of("08:00", "09:00"), self.one_of("12:00", "18:00"))
    if self.chance(0.5):
        self.add("holidays", load, calendar_id="W1", holiday_on=self.at(0, 30).date())


def _first_message_late(self):
    """No message of the system came before, so that nobody knew when a ticket was answered."""
    load, _ = self.tools.told[_first_message_late]
    for row in self.of("ticket_messages"):
        row.load = max(row.load, load)


def _first_answer_late(self):
    """Of a channel no leg said when it was answered, so that it was taken from what else it said."""
    _first_of_legs(self, "answered_at", *self.tools.told[_first_answer_late])


def _first_transfer_late(self):
    _first_of_legs(self, "transfer_type", *self.tools.told[_first_transfer_late])


def _first_of_legs(self, column, load, channel):
    # somebody of whom nothing else is ever heard, answered twice: whether that is a transfer, the whole feed decides
    self.serial += 1
    customer, at = f"quiet {self.serial}", self.at(0, 40)
    first = _visit(self, customer, at, 0)
    first.values |= {"channel": channel, "transfer_type": None}
    self.add("calls", 0, **first.values | {"leg_id": f"V{self.serial}/2", "agent_id": "agent 2", "transfer_type": None})
    legs = [row for row in self.of("calls") if (row.values["channel"] or "").lower() == channel]
    for row in legs:
        if row.load < load:
            row.values[column] = None
    told = [row for row in legs if row.load >= load]
    if not any(row.values.get(column) for row in told):
        _visit(self, "C1", self.at(0, 40), load)
        row = self.rows[-1]
        row.values |= {"channel": channel, "transfer_type": "cold"}


def _late_link(self):
    """A ticket turns out to follow another, to be its child or its copy."""
    tickets = self.usable("tickets")
    for row in self.some(tickets, 6):
        self.version(row, **{self.one_of(*LINKS): self.one_of(*tickets).values["ticket_id"]})
    # somebody comes back, and later both tickets are children of one: no return any more
    self.serial += 1
    customer, at, load = f"sibling {self.serial}", self.at(0, 40), self.random.randint(1, self.count - 1)
    parent = self.one_of(*tickets).values["ticket_id"]
    _visit(self, customer, at, 0, "tickets", parent_ticket_id=parent)
    again = self.add(
        "tickets", 0, ticket_id=f"V{self.serial}/2", created_at=at + datetime.timedelta(days=2), requester_id=customer,
        channel="email", category="net", status="open", ticket_type="incident", team_id="front",
        updated_at=at + datetime.timedelta(days=2),
    )  # fmt: skip
    self.version(again, load, parent_ticket_id=parent)


def _late_problem(self):
    for row in self.some(self.usable("tickets"), 6):
        self.version(row, problem_id=self.one_of(*random_desk.PROBLEMS, None))
    for row in self.some(self.usable("problems"), 2):
        self.again(row, closed_at=self.at(0, 40))


def _observed_until_changed(self):
    self.ends = []
    for feed in self.some(list(FEEDS), 4):
        system = self.one_of(CANONICAL, CANONICAL, SERVICENOW)
        for load in sorted(self.random.sample(range(self.count), 2)):
            self.ends.append((load, system, feed, self.at(20, 60).replace(microsecond=0)))
    self.ends.sort(key=lambda end: end[0])


def _changed_creation(self):
    for row in self.some(self.usable("tickets"), 4):
        created = datetime.datetime.fromisoformat(row.values["created_at"])
        self.version(row, created_at=created + datetime.timedelta(seconds=self.one_of(-86400 * 8, -60, 60, 3600)))


def _changed_category(self):
    for row in self.some(self.usable("tickets"), 6):
        self.version(row, category=self.one_of("net", "pc", "order", None), subcategory=self.one_of("vpn", None))


def _changed_status(self):
    """The record says something else than its events, or says when it ended."""
    for row in self.some(self.usable("tickets"), 4):
        self.version(
            row, status=self.one_of("resolved", "closed", "open", "cancelled"), resolved_at=self.at(0, 40),
            resolution_code=self.one_of("spam", "duplicate", "solved", None),
            sla_policy_id=self.one_of("P1", "P2", None),
        )  # fmt: skip


def _ticket_after_its_events(self):
    for row in self.some(self.usable("tickets", 1), 5):
        later = self.random.randint(2, self.count - 1)
        for other in self.of("tickets"):
            if other.values["ticket_id"] == row.values["ticket_id"]:
                other.load = max(other.load, later)


def _events_without_a_ticket(self):
    for _ in range(self.random.randint(1, 4)):
        self.serial += 1
        self.add(
            "ticket_events", self.random.randrange(self.count), event_id=f"lost {self.serial}",
            ticket_id=f"lost {self.serial}", event_at=self.at(0, 40), field="status", new_value="resolved",
            actor_type="agent",
        )  # fmt: skip


def _quarantined_and_mended(self):
    """A row that could not be used comes again, whole; one that was used comes again, broken."""
    for table in ("tickets", "ticket_events", "calls", "ticket_messages"):
        if rows := self.usable(table):
            for row in self.some(rows, 3):
                self.again(Row(row.load, row.system, row.table, dict(row.values)))
                row.values[TIMES[table]] = self.one_of("soon", None, "1970-01-01 00:00:00")
            for row in self.some(rows, 2):
                self.again(row, **{TIMES[table]: self.one_of("soon", "1970-01-01 00:00:00")})


def _excluded_later(self):
    for row in self.some(self.usable("tickets"), 3):
        self.version(row, is_test=self.one_of("true", "false"))


def _event_corrected(self):
    """A change turns out to have been of another ticket, of another time, to another value."""
    tickets = self.usable("tickets")
    for row in self.some(self.usable("ticket_events"), 5):
        how = self.one_of("ticket_id", "event_at", "new_value", "field", "actor_type")
        value = {
            "ticket_id": self.one_of(*tickets).values["ticket_id"], "event_at": self.at(0, 40),
            "new_value": self.one_of("resolved", "open", "closed"), "field": "note",
            "actor_type": self.one_of("agent", "requester", "system"),
        }[how]  # fmt: skip
        self.again(row, **{how: value})


def _message_corrected(self):
    if messages := self.usable("ticket_messages"):
        for row in self.some(messages, 4):
            self.again(
                row, ticket_id=self.one_of(*self.usable("tickets")).values["ticket_id"],
                author_type=self.one_of("agent", "requester"),
            )  # fmt: skip


def _leg_of_another_contact(self):
    legs = self.usable("calls")
    for row in self.some(legs, 4):
        self.version(row, contact_id=self.one_of(*legs).values["contact_id"] or "K")


def _leg_of_another_ticket(self):
    tickets = self.usable("tickets")
    for row in self.some(self.usable("calls"), 5):
        self.version(row, ticket_id=self.one_of(None, *tickets[:5]) and self.one_of(*tickets).values["ticket_id"])


def _leg_of_another_customer(self):
    for row in self.some(self.usable("calls"), 5):
        self.version(row, customer_id=self.one_of("C1", "bob", "carol@x.example", "dave", None))


def _leg_of_another_time(self):
    """Also: of another agent, another direction, or given up."""
    for row in self.some(self.usable("calls"), 4):
        moved = self.at(0, 40)
        self.version(
            row, started_at=moved, ended_at=moved + datetime.timedelta(seconds=99), answered_at=None,
            agent_id=self.one_of(*AGENTS), direction=self.one_of("inbound", "outbound"),
            is_abandoned=self.one_of("true", None),
        )  # fmt: skip


def _chats_at_once(self):
    """Chats of one agent, of whom one comes later than those that were open with it."""
    for _ in range(3):
        at, load = self.at(0, 40), self.random.randint(1, self.count - 1)
        for number in range(4):
            began = at + datetime.timedelta(seconds=self.one_of(0, 10, 60, 200))
            row = _visit(self, self.one_of("C1", "bob", "carol@x.example", None), began, load if number == 0 else 0)
            end = began + datetime.timedelta(seconds=self.one_of(60, 300, 900))
            row.values |= {"channel": "chat", "ended_at": _text(end), "talk_seconds": self.one_of(None, "50")}


def _another_agent(self):
    """Took the leg, got the ticket, has it: nothing else is different."""
    for row in self.some(self.usable("calls"), 4):
        self.version(row, agent_id=self.one_of(*AGENTS))
    assignments = [row for row in self.usable("ticket_events") if row.values["field"] == "assignee"]
    for row in self.some(assignments, 4) if assignments else ():
        self.again(row, new_value=self.one_of(*AGENTS))
    for row in self.some(self.usable("tickets"), 4):
        self.version(row, assignee_id=self.one_of(*AGENTS))
    # one agent for all of a chain, it seemed
    for table in ("calls", "tickets"):
        self.serial += 1
        customer, at = f"agents {self.serial}", self.at(0, 30)
        _visit(self, customer, at, 0, table)
        row = _visit(self, customer, at + datetime.timedelta(days=2), 0, table)
        if table == "calls":
            self.version(row, agent_id="agent 2")
            continue
        event = self.add(
            "ticket_events", 0, event_id=f"{row.values['ticket_id']}/2", ticket_id=row.values["ticket_id"],
            event_at=row.values["created_at"], field="assignee", new_value="agent 1", actor_type="agent",
        )  # fmt: skip
        self.again(event, new_value="agent 2")


def _late_reply(self):
    """Of an agent, between reopening and next resolution: it comes after both."""
    for _ in range(2):
        at, load = self.at(0, 30), self.random.randint(1, self.count - 1)
        ticket = _reopened(self, "C1", at, "requester", None)
        self.add(
            "ticket_messages", load, message_id=f"reply {self.serial}", ticket_id=ticket.values["ticket_id"],
            sent_at=at + datetime.timedelta(seconds=5400), author_type="agent", is_public="true",
        )  # fmt: skip


def _reopener_known_later(self):
    """Whoever reopened the ticket turns out to be its requester, under another address."""
    for _ in range(2):
        self.serial += 1
        customer, mail = f"reopener {self.serial}", f"reopener{self.serial}@x.example"
        _reopened(self, customer, self.at(0, 30), None, mail)
        load = self.random.randint(1, self.count - 1)
        self.add("identities", load, customer_id=customer, kind="email", value=mail)


def _reopened(self, customer, at, actor, actor_id):
    """A ticket of the first load: resolved, open again an hour later, resolved after one more."""
    ticket = _visit(self, customer, at, 0, "tickets")
    for hours, old, new in ((1, "resolved", "open"), (2, "open", "resolved")):
        self.add(
            "ticket_events", 0, event_id=f"{ticket.values['ticket_id']}/{new}", ticket_id=ticket.values["ticket_id"],
            event_at=at + datetime.timedelta(hours=hours), field="status", old_value=old, new_value=new,
            actor_type="agent" if new == "resolved" else actor, actor_id="agent 1" if new == "resolved" else actor_id,
        )  # fmt: skip
    return ticket


def _sender_known_later(self):
    """Whoever sent surveys turns out to be an agent."""
    self.serial += 1
    sender = f"sender {self.serial}"
    for row in self.some(self.usable("surveys"), 4) if self.usable("surveys") else ():
        row.values["sent_by"] = sender
    load = self.random.randint(1, self.count - 1)
    self.add("agents", load, agent_id=sender, team_id="front", valid_from=START)


def _changed_account(self):
    """Nothing that was done is different, but for whom, by which channel, and what the tool says of it."""
    for row in self.some(self.usable("tickets"), 12):
        self.version(
            row, account_id=self.one_of("firm", "shop", None), channel=self.one_of("phone", "email"),
            reported_first_contact_resolution=self.one_of("true", "false"),
        )  # fmt: skip


def _call_for_somebody_else(self):
    """A customer's ticket is opened in the call of another, which turns out to have begun later."""
    self.serial += 1
    owner, caller = f"owner {self.serial}", f"caller {self.serial}"
    at, load = self.at(0, 30), self.random.randint(1, self.count - 1)
    _visit(self, owner, at, 0)
    ticket = _visit(self, owner, at + datetime.timedelta(seconds=1400), 0, "tickets")
    ticket.values["channel"] = "phone"
    began = at + datetime.timedelta(seconds=400)
    call = _visit(self, caller, began, 0, ticket_id=ticket.values["ticket_id"])
    call.values["ended_at"] = _text(began + datetime.timedelta(seconds=1900))
    began += datetime.timedelta(seconds=900)
    self.version(call, load, started_at=began, answered_at=began)


def _clock_runs_over(self):
    """Nothing happens to a ticket, and its target passes."""
    self.add(
        "sla_policies", 0, policy_id="P9", metric="resolution", target_minutes=self.one_of("30000", "60000", "90000")
    )
    for _ in range(3):
        self.serial += 1
        at = self.at(0, 20)
        self.add(
            "tickets", 0, ticket_id=f"slow {self.serial}", created_at=at, updated_at=at, requester_id="C1",
            channel="email", category="net", status="new", sla_policy_id="P9",
        )  # fmt: skip


def _survey_corrected(self):
    if surveys := self.usable("surveys"):
        for row in self.some(surveys, 3):
            value = self.one_of(*self.usable("tickets")).values["ticket_id"]
            self.version(row, ticket_id=value, contact_id=None, resolved_answer=self.one_of("no", "yes"))


def _bot_session_corrected(self):
    if sessions := self.usable("bot_sessions"):
        for row in self.some(sessions, 3):
            self.again(
                row, customer_id=self.one_of("C1", "bob", "dave"), is_contained=self.one_of("true", "false"),
                intent=self.one_of("net", "pc"),
            )  # fmt: skip


def _business_claim_corrected(self):
    for row in self.some(self.usable("business_claims"), 3):
        self.again(row, claimed_at=self.at(0, 40), subject_id=self.one_of("C1", "somebody"), amount="99")
    if outcomes := self.usable("business_outcomes"):
        for row in self.some(outcomes, 3):
            self.again(row, amount="4")


def _older_version_later(self):
    """What comes last is not what is newest."""
    for row in self.some(self.usable("tickets"), 4):
        if _is_time(row.values["updated_at"]):
            before = datetime.datetime.fromisoformat(row.values["updated_at"]) - datetime.timedelta(days=1)
            self.again(row, updated_at=before, requester_id="C3", category="order")


def _costs_corrected(self):
    for row in self.some(self.of("costs", last=self.count - 1), 2):
        self.again(row, amount="777")
    for row in self.some(self.of("agent_states", last=self.count - 1), 3):
        self.again(row, state=self.one_of("break", "on_call"))


def _empty_load(self):
    """Nothing is new but what was there."""
    load = self.random.randint(1, self.count - 1)
    for row in self.rows:
        if row.load == load:
            row.load = load - 1
    for row in self.some(self.of("tickets", last=load), 5):
        self.rows.append(Row(load, row.system, row.table, dict(row.values)))


# The shares of schedules in which they are told.
_STORIES = {
    _chain_merge: 0.5,
    _chain_split: 0.4,
    _shared_by_volume: 0.15,
    _no_longer_shared_by_volume: 0.15,
    _identity_of_a_second_customer: 0.3,
    _two_customers_become_one: 0.35,
    _late_agent_version: 0.4,
    _late_category_version: 0.35,
    _late_sla_policy: 0.35,
    _late_calendar: 0.3,
    _first_message_late: 0.3,
    _chats_at_once: 0.5,
    _first_answer_late: 0.3,
    _first_transfer_late: 0.3,
    _changed_requester: 0.6,
    _late_link: 0.5,
    _late_problem: 0.4,
    _observed_until_changed: 0.35,
    _changed_creation: 0.5,
    _changed_category: 0.5,
    _changed_status: 0.4,
    _ticket_after_its_events: 0.4,
    _events_without_a_ticket: 0.4,
    _excluded_later: 0.4,
    _event_corrected: 0.5,
    _message_corrected: 0.4,
    _leg_of_another_contact: 0.4,
    _leg_of_another_ticket: 0.4,
    _leg_of_another_customer: 0.5,
    _leg_of_another_time: 0.4,
    _changed_account: 0.4,
    _call_for_somebody_else: 0.3,
    _clock_runs_over: 0.3,
    _another_agent: 0.4,
    _late_reply: 0.4,
    _reopener_known_later: 0.4,
    _sender_known_later: 0.3,
    _survey_corrected: 0.4,
    _bot_session_corrected: 0.3,
    _business_claim_corrected: 0.3,
    _older_version_later: 0.4,
    _costs_corrected: 0.3,
    _quarantined_and_mended: 0.4,
    _empty_load: 0.15,
}
# Told by all desks of a warehouse, or by none.
OF_FEEDS = (_first_message_late, _first_answer_late, _first_transfer_late)
STORIES = tuple(story.__name__.strip("_").replace("_", " ") for story in _STORIES)


# What is a desk's own, by its number.
_OWN = {
    (system, table): columns
    for system, tables in {
        CANONICAL: {
            "tickets": ("ticket_id", "requester_id", "category", "category_at_open", "problem_id", *LINKS, "account_id",
                        "team_id", "assignee_id", "sla_policy_id"),
            "ticket_events": ("event_id", "ticket_id", "actor_id"),
            "ticket_messages": ("message_id", "ticket_id"),
            "calls": ("leg_id", "contact_id", "customer_id", "agent_id", "queue", "team_id", "ticket_id", "category"),
            "identities": ("customer_id", "value"),
            "surveys": ("survey_id", "ticket_id", "contact_id", "sent_by"),
            "categories": ("category",),
            "sla_policies": ("policy_id", "calendar_id"),
            "calendars": ("calendar_id",),
            "holidays": ("calendar_id",),
            "agents": ("agent_id", "team_id"),
            "agent_states": ("agent_id",),
            "shifts": ("agent_id",),
            "accounts": ("account_id",),
            "access_events": ("account_id",),
            "costs": ("team_id", "kind"),
            "team_absences": ("team_id",),
            "team_pulses": ("team_id",),
            "business_measures": ("unit",),
            "business_claims": ("claim_id", "unit", "subject_id"),
            "business_outcomes": ("claim_id",),
            "problems": ("problem_id",),
            "qa_reviews": ("review_id", "contact_id"),
            "bot_sessions": ("session_id", "customer_id", "intent"),
        },
        SERVICENOW: {
            "incident_event_log": ("number", "sys_created_by", "sys_updated_by", "opened_by", "caller_id", "category",
                                   "assignment_group", "assigned_to", "problem_id", "parent_incident"),
        },
        BANK: {"calls": ("call_id", "customer_id", "server")},
        MANAGER: {
            "interactions": ("interaction id", "related incident", "ci name (aff)"),
            "incidents": ("incident id", "related interaction", "ci name (aff)"),
            "incident_activities": ("incident id", "incidentactivity_number", "assignment group"),
        },
    }.items()
    for table, columns in tables.items()
}  # fmt: skip
# Words of the tools, the same everywhere: unknown, or a machine.
_WORDS = ("", "?", "0", "NO_SERVER", "#MULTIVALUE", "system", "labour", "tools")
_OWN_FIELDS = ("category", "team", "assignee")
_TELEPHONE = re.compile(r"\s*[+0][\d ()./-]{6,}")


def _name(row, seed):
    """Gives what is the desk's own a name that no other desk has."""
    columns = _OWN.get((row.system, row.table), ())
    if row.table == "ticket_events" and (row.values.get("field") or "").strip().lower() in _OWN_FIELDS:
        columns += ("old_value", "new_value")
    row.values = row.values | {name: _named(row.values[name], seed) for name in columns if row.values.get(name)}


def _named(value, seed):
    if value.strip() in _WORDS:
        return value
    if _TELEPHONE.fullmatch(value):
        return f"{value}{seed:04}"
    blanks = value[: len(value) - len(value.lstrip())]
    if value.startswith("price:"):
        blanks = "price:"
    return f"{blanks}d{seed}-{value[len(blanks) :]}"


def _text(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, datetime.date) else value


def _log(at):
    return f"{at.day}/{at.month}/{at.year} {at:%H:%M}"


def _rabo(at):
    return f"{at:%d/%m/%Y %H:%M:%S}"


def _is_time(text):
    try:
        return 2020 < datetime.datetime.fromisoformat(text).year < 2030
    except (TypeError, ValueError):
        return False
