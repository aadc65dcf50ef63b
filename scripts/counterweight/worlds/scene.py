"""What all of a world share while it is made: its place, chance and habits, its tables, and what is still to come."""

import dataclasses
from collections import defaultdict

import numpy as np

from counterweight.worlds.behaviours import BEHAVIOURS, Habits
from counterweight.worlds.clock import HOUR
from counterweight.worlds.place import POLICIES, TEMPLATES
from counterweight.worlds.raw import MONITORS, Raw
from counterweight.worlds.tables import WHOLE, Table
from counterweight.worlds.truth import CLAIMS, OUTCOMES, REACTIONS, Truth

# How a customer comes; CHASE asks about an open ticket, REPLY writes to a resolved one.
PHONE, CHAT, EMAIL, PORTAL, MONITOR, REPLY, CHASE = range(7)
SOLVED, UNSOLVED, PASSED_ON = range(len(OUTCOMES.values))
CONTACT_HANDLED, TICKET_RESOLVED, CONTAINED_BY_BOT = range(len(CLAIMS.values))
NONE, GAVE_UP, REOPENED, NEW_TICKET, BY_PHONE, BY_CHAT, NOT_SEEN = range(len(REACTIONS.values))
# Contacts that a problem can have; draws are keyed by problem and contact.
CONTACTS = 64
LAST_CONTACT = 14
# Added to the number of a contact beside the chain of attempts, so that its draws are its own.
ASIDE = 24

ITEM = ("problem", "number", "at", "way", "ticket", "claim", "claim2")


@dataclasses.dataclass
class Items:
    """Contacts that are to happen, one element each.

    problem, number  whose, and the how manyeth of it
    at, way          when and how
    ticket           ticket that is replied to, named or followed; -1: none
    claim, claim2    rows of truth's claims that this contact is the return to; -1: none
    """

    problem: np.ndarray
    number: np.ndarray
    at: np.ndarray
    way: np.ndarray
    ticket: np.ndarray
    claim: np.ndarray
    claim2: np.ndarray

    def __len__(self):
        return len(self.problem)

    def __getitem__(self, chosen):
        return Items(*(getattr(self, name)[chosen] for name in ITEM))

    @property
    def key(self):
        return self.problem * CONTACTS + self.number

    @classmethod
    def of(cls, problem, at, way, number=0, ticket=-1, claim=-1, claim2=-1):
        shape = np.shape(problem)
        values = (problem, number, at, way, ticket, claim, claim2)
        return cls(*(np.broadcast_to(np.asarray(value, dtype=np.int64), shape) for value in values))

    @classmethod
    def joined(cls, pieces):
        return cls(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in ITEM))


class Scene:
    def __init__(self, world, chance, place):
        self.world, self.chance, self.place = world, chance, place
        self.habits = Habits(chance, place, world.habits)
        names = place.categories, place.subcategories
        policies = [f"{site} {policy}" for site in place.site_names for policy in POLICIES]
        self.raw = Raw(place.team_names, place.queues, *names, TEMPLATES, policies)
        self.truth = Truth(*names, place.team_names, self.habits.names)
        # of each problem: who has it, what it is about, where, since when, and of which recurring cause
        self.problems = Table("problem", dict.fromkeys(("customer", "issue", "site", "at", "cause", "account"), WHOLE))
        # of each ticket: events so far, its problem, what it is about now
        self.tickets = Table(
            "ticket",
            dict.fromkeys(
                ("events", "problem", "priority", "category", "agent", "resolved", "closing", "waits"), WHOLE
            ),
        )
        self.due = defaultdict(list)
        # the last day whose calls were made
        self.called = place.first_day - 1
        self.counts = defaultdict(int)
        self.end = place.end

    def begin(self, ids, **state):
        """New problems with these numbers; the world knows beforehand which belong to which day, so that what one world
        has more of does not move the others. Without numbers: those after all others. Returns their numbers."""
        if ids is None:
            return self.problems.add(**state)
        for name, values in state.items():
            self.problems[name][ids] = values
        return ids

    def tell_problems(self):
        """The truth about all problems that have begun."""
        ids = np.flatnonzero(self.problems["customer"] >= 0)
        customer, issue, at, cause, account = (
            self.problems[name][ids] for name in ("customer", "issue", "at", "cause", "account")
        )
        machine = customer >= MONITORS
        self.truth.problems.add(
            problem_id=ids, customer_id=np.where(machine, -1, customer), account_id=account, began_at=at,
            category=self.place.issue_category[issue], subcategory=self.place.issue_subcategory[issue],
            root_cause=cause, is_machine=machine,
        )  # fmt: skip

    def number(self, kind, count):
        """The next numbers of a kind of key."""
        start = self.counts[kind]
        self.counts[kind] += count
        return np.arange(start, start + count)

    def schedule(self, items):
        """Put contacts off to their day; what lies beyond the end of the world is nobody's. The telephone's day is over
        when the desk's begins, so a call that a ticket of today leads to comes tomorrow."""
        site = self.problems["site"][items.problem]
        spoken = (items.way == PHONE) | (items.way == CHAT) | (items.way == CHASE)
        at = items.at.copy()
        for number, (clock, line) in enumerate(zip(self.place.clocks, self.place.phone_clocks, strict=True)):
            late = np.flatnonzero(spoken & (site == number) & (clock.day_of(at) <= self.called))
            at[late] = line.open_at(
                clock.at(self.called + 1, at[late] % HOUR), self.chance.uniform("tomorrow", items.key[late])
            )
        items = Items(items.problem, items.number, at, items.way, items.ticket, items.claim, items.claim2)
        items = items[(at < self.end) & (items.number % ASIDE <= LAST_CONTACT)]
        if not len(items):
            return
        day = np.empty(len(items), np.int64)
        site = self.problems["site"][items.problem]
        for number, clock in enumerate(self.place.clocks):
            day[site == number] = clock.day_of(items.at[site == number])
        for today in np.unique(day):
            self.due[int(today)].append(items[day == today])

    def site_of(self, problem):
        return self.problems["site"][problem]

    def by_site(self, site, function, *values, dtype=np.int64):
        """Apply a function of a clock and values to the elements of each site."""
        result = np.empty(len(site), dtype)
        for number, clock in enumerate(self.place.clocks):
            here = site == number
            if here.any():
                result[here] = function(clock, *(value[here] for value in values))
        return result

    def claim(self, kind, problem, at, outcome, habit=-1, **keys):
        """Write down claims; returns their rows."""
        return self.truth.claims.add(
            problem_id=problem, claim_type=kind, claimed_at=at, outcome=outcome, reaction=NONE, behaviour=habit, **keys
        )

    def returned(self, claims, at, reaction=None, **keys):
        """Write down how customers came back after claims (rows of truth's claims; -1: none)."""
        known = claims >= 0
        rows = claims[known]
        table = self.truth.claims
        table["returned_at"][rows] = np.broadcast_to(at, claims.shape)[known]
        if reaction is not None:
            table["reaction"][rows] = np.broadcast_to(reaction, claims.shape)[known]
        for name, values in keys.items():
            table[name][rows] = np.broadcast_to(values, claims.shape)[known]

    def happened(self, kind, items, chosen=slice(None), at=None, **keys):
        """Write down that contacts of problems took place."""
        self.truth.contacts.add(
            problem_id=items.problem[chosen], kind=kind, at=items.at[chosen] if at is None else at, **keys
        )

    def acted(self, name, agents, at, **keys):
        """Write down what a behaviour or a lookalike did to raw rows."""
        if np.size(at):
            self.truth.acts.add(
                agent_id=agents,
                behaviour=self.habits.number(name),
                is_gaming=int(BEHAVIOURS[name].is_gaming),
                at=at,
                **keys,
            )

    def issue(self, name, problem):
        """A property of the issue of problems."""
        return getattr(self.place, "issue_" + name)[self.problems["issue"][problem]]
