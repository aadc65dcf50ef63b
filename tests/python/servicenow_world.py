"""A small, honest service desk in the layout of a ServiceNow audit log, with its truth beside it.

Only tests use it: the worlds of `counterweight simulate` come in the raw contract.
Problems are latent: a customer has one, a ticket is resolved, and the problem is solved or it is not. Where it is
not, the customer reopens the ticket while that is possible, opens a new one, or gives up. Nobody games anything.
"""

import csv
import dataclasses
import datetime
import gzip
import io
import random
from pathlib import Path

FIRST_DAY = datetime.datetime(2025, 1, 6)
AUTO_CLOSE = datetime.timedelta(days=5)
# Seeded in system_actors as the platform's own account.
MACHINE = "system"
SHARED_CALLER = "Caller reception"

# category, subcategory: share of problems, share solved at the first attempt, median hours to resolve
ISSUES = {
    ("Access", "Password reset"): (0.26, 0.93, 0.5),
    ("Access", "Permissions"): (0.12, 0.90, 6),
    ("Mail", "Delivery"): (0.12, 0.86, 5),
    ("Network", "Remote access"): (0.14, 0.80, 8),
    ("Hardware", "Printer"): (0.14, 0.84, 10),
    ("Application", "Billing"): (0.12, 0.78, 20),
    ("Application", "Client records"): (0.10, 0.82, 16),
}
TEAMS = {
    "Access": "Service desk", "Mail": "Service desk", "Network": "Network team",
    "Hardware": "Field support", "Application": "Application team",
}  # fmt: skip
# by hour, from midnight: a working day with a lunch break
HOURS = [1, 1, 1, 1, 1, 2, 6, 20, 45, 60, 58, 50, 30, 40, 55, 50, 40, 25, 10, 5, 3, 2, 1, 1]
WEEKDAYS = [1.2, 1.1, 1.0, 1.0, 0.9, 0.15, 0.1]

COLUMNS = [
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla",
    "caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at", "sys_updated_by", "sys_updated_at",
    "contact_type", "category", "subcategory", "priority", "assignment_group", "assigned_to", "problem_id",
    "parent_incident", "closed_code", "resolved_by", "resolved_at", "closed_at",
]  # fmt: skip
TRUTH_COLUMNS = ["number", "resolved_at", "is_solved", "outcome", "returned_at", "return_number", "is_recoded"]


@dataclasses.dataclass
class Ticket:
    """A ticket under way: its rows so far and the values the next one repeats."""

    fields: dict
    opened_at: datetime.datetime
    team: str
    agent: str
    rows: list = dataclasses.field(default_factory=list)

    def change(self, at, by, **values):
        self.fields.update(values)
        self.rows.append(
            self.fields
            | {
                "sys_mod_count": len(self.rows),
                "sys_updated_at": _text(at),
                "sys_updated_by": by,
                "active": "false" if self.fields["incident_state"] == "Closed" else "true",
            }
        )


def simulate(out, tickets=4000, months=6, seed=7):
    """Write incident_event_log.csv.gz and truth.csv to the folder `out`; same arguments, same bytes.

    tickets  how many problems are reported; returns come on top
    months   length of the world, of 30 days each
    Returns (path of the log, rows in it).
    """
    world = _World(random.Random(seed), months)
    for at in sorted(world.moment() for _ in range(tickets)):
        world.problem(at)
    rows = world.delivered_rows()
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "incident_event_log.csv.gz"
    # no time stamp inside the archive, so that the bytes depend on the arguments alone
    with log.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        _write(packed, COLUMNS, rows)
    with (out / "truth.csv").open("wb") as file:
        _write(file, TRUTH_COLUMNS, world.truth)
    return log, len(rows)


def _write(file, columns, rows):
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    text.flush()
    text.detach()


def _text(moment):
    return f"{moment.day}/{moment.month}/{moment.year} {moment:%H:%M}"


class _World:
    def __init__(self, chance, months):
        self.chance = chance
        self.end = FIRST_DAY + datetime.timedelta(days=30 * months)
        self.tickets = []
        self.truth = []
        self.number = 0
        self.callers = [f"Caller {n}" for n in range(1, 2401)]
        # some people need help often, most rarely
        self.caller_weights = [chance.paretovariate(2.5) for _ in self.callers]
        self.agents = {team: [f"{team} agent {n}" for n in range(1, 6)] for team in sorted(set(TEAMS.values()))}

    def moment(self):
        """When a problem is reported: working days and working hours, mostly."""
        days = (self.end - FIRST_DAY).days
        while True:
            day = FIRST_DAY + datetime.timedelta(days=self.chance.randrange(days))
            if self.chance.random() * max(WEEKDAYS) < WEEKDAYS[day.weekday()]:
                hour = self.chance.choices(range(24), HOURS)[0]
                return day + datetime.timedelta(hours=hour, minutes=self.chance.randrange(60))

    def at_work(self, moment):
        """The moment itself, or some time the next working morning where it falls into a night or a weekend."""
        if moment.weekday() < 5 and 7 <= moment.hour < 18:
            return moment
        morning = moment.replace(hour=7, minute=0)
        if moment.hour >= 7:
            morning += datetime.timedelta(days=1)
        while morning.weekday() >= 5:
            morning += datetime.timedelta(days=1)
        return morning + datetime.timedelta(minutes=self.chance.randrange(180))

    def problem(self, at):
        """One problem from its first report until it is solved, given up or beyond the end of the world."""
        issue = self.chance.choices(list(ISSUES), [share for share, _, _ in ISSUES.values()])[0]
        draw = self.chance.random()
        if draw < 0.02:
            caller = "?"
        elif draw < 0.05:
            caller = SHARED_CALLER
        else:
            caller = self.chance.choices(self.callers, self.caller_weights)[0]
        ticket = self.open(at, caller, issue)
        while True:
            resolved_at = self.resolve(ticket, issue)
            if resolved_at is None:
                return
            solved = self.chance.random() < ISSUES[issue][1]
            outcome, returned_at, is_recoded = self.reality(resolved_at, solved)
            claim = {
                "number": ticket.fields["number"],
                "resolved_at": _text(resolved_at),
                "is_solved": solved,
                "outcome": outcome,
                "is_recoded": is_recoded,
            }
            self.truth.append(claim)
            if outcome == "reopened":
                claim["returned_at"] = _text(returned_at)
                ticket.change(
                    returned_at, caller, incident_state="Active", reopen_count=ticket.fields["reopen_count"] + 1
                )
                continue
            self.close(ticket, resolved_at)
            if outcome != "new ticket":
                return
            if is_recoded:
                issue = self.chance.choice([other for other in ISSUES if other != issue])
            parent = ticket.fields["number"] if self.chance.random() < 0.15 else "?"
            ticket = self.open(returned_at, caller, issue, parent)
            claim["returned_at"] = _text(returned_at)
            claim["return_number"] = ticket.fields["number"]

    def reality(self, resolved_at, solved):
        """(outcome, when, recoded): held, gave up, reopened, new ticket, or not seen before the world ends."""
        if solved:
            return "held", None, False
        draw = self.chance.random()
        delay = datetime.timedelta(minutes=1 + int(self.chance.gammavariate(1.4, 3.5 * 1440)))
        returned_at = self.at_work(resolved_at + delay)
        if draw < 0.15:
            return "gave up", None, False
        if returned_at >= self.end:
            return "not seen", None, False
        # a closed ticket cannot be reopened; before that, many write a new one all the same
        if returned_at < resolved_at + AUTO_CLOSE and draw < 0.50:
            return "reopened", returned_at, False
        return "new ticket", returned_at, self.chance.random() < 0.1

    def open(self, at, caller, issue, parent="?"):
        category, subcategory = issue
        self.number += 1
        team = TEAMS[category]
        agent = self.chance.choice(self.agents[team])
        ticket = Ticket(
            {
                "number": f"INC{self.number:07d}", "incident_state": "New", "reassignment_count": 0, "reopen_count": 0,
                "made_sla": "true", "caller_id": caller, "opened_by": agent, "opened_at": _text(at),
                "sys_created_by": agent, "sys_created_at": _text(at), "contact_type": self.channel(),
                "category": category, "subcategory": subcategory, "priority": "3 - Moderate",
                "assignment_group": "Service desk", "assigned_to": "?", "problem_id": "?", "parent_incident": parent,
                "closed_code": "?", "resolved_by": "?", "resolved_at": "?", "closed_at": "?",
            },
            at,
            team,
            agent,
        )  # fmt: skip
        ticket.change(at, agent)
        self.tickets.append(ticket)
        return ticket

    def channel(self):
        return self.chance.choices(["Phone", "Email", "Self service"], [0.6, 0.25, 0.15])[0]

    def resolve(self, ticket, issue):
        """Work on the ticket; returns when it was resolved, None where the world ends before."""
        last = self.last_change(ticket)
        started = self.at_work(last + datetime.timedelta(minutes=self.chance.randrange(1, 90)))
        if started >= self.end:
            return None
        ticket.change(
            started, ticket.agent, incident_state="Active", assignment_group=ticket.team, assigned_to=ticket.agent
        )
        hours = ISSUES[issue][2] * self.chance.lognormvariate(0, 0.9)
        resolved_at = self.at_work(started + datetime.timedelta(minutes=5 + int(60 * hours)))
        if self.chance.random() < 0.2:
            waiting = (started + (resolved_at - started) / 2).replace(second=0, microsecond=0)
            if waiting < self.end:
                ticket.change(waiting, ticket.agent, incident_state="Awaiting User Info")
        if resolved_at >= self.end:
            return None
        ticket.change(
            resolved_at, ticket.agent, incident_state="Resolved", closed_code="Solved", resolved_by=ticket.agent
        )
        # an integration that touches the ticket and puts it back: a toggle, not a return
        if self.chance.random() < 0.01 and resolved_at + datetime.timedelta(minutes=2) < self.end:
            ticket.change(
                resolved_at + datetime.timedelta(minutes=1),
                MACHINE,
                incident_state="Active",
                reopen_count=ticket.fields["reopen_count"] + 1,
            )
            ticket.change(resolved_at + datetime.timedelta(minutes=2), MACHINE, incident_state="Resolved")
        return resolved_at

    def last_change(self, ticket):
        return datetime.datetime.strptime(ticket.rows[-1]["sys_updated_at"], "%d/%m/%Y %H:%M")

    def close(self, ticket, resolved_at):
        if resolved_at + AUTO_CLOSE < self.end:
            ticket.change(resolved_at + AUTO_CLOSE, MACHINE, incident_state="Closed")

    def delivered_rows(self):
        """The log as the tool exports it: final times on every row, some rows twice, a few with a broken clock."""
        rows = []
        for ticket in self.tickets:
            times = {"resolved_at": "?", "closed_at": "?"}
            for row in ticket.rows:
                if row["incident_state"] == "Resolved" and row["sys_updated_by"] != MACHINE:
                    times["resolved_at"] = row["sys_updated_at"]
                elif row["incident_state"] == "Closed":
                    times["closed_at"] = row["sys_updated_at"]
            for row in ticket.rows:
                row |= times
                rows.append(row)
                if self.chance.random() < 0.002:
                    rows.append(dict(row))
                if self.chance.random() < 0.0005:
                    early = ticket.opened_at - datetime.timedelta(minutes=20)
                    rows.append(row | {"sys_updated_at": _text(early), "sys_mod_count": len(ticket.rows)})
        return rows
