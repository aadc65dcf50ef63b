"""The rules of tickets, contacts and their claims once more, in plain Python and loops, from the raw contract's rows.

Written from the definitions, not from the SQL, so that the two can disagree. Slow and simple on purpose. `branches`
counts how often each rule's edge was met: a comparison in which a rule never mattered says nothing about it.
"""

import csv
import datetime
import hashlib
import pathlib
from collections import Counter, defaultdict

import reference
from reference import DAY, WINDOWS

SYSTEM = "canonical"
RESOLVED = {"resolved", "solved", "closed"}
STATUSES = {"done": "resolved", "canceled": "cancelled"}
MACHINES = {"system", "automation"}
MINUTES_10 = datetime.timedelta(minutes=10)
MINUTES_15 = datetime.timedelta(minutes=15)
FIELDS_READ = {
    "status", "assignee", "team", "priority", "category", "subcategory", "ticket_type", "sla_policy", "sla_policy_id",
}  # fmt: skip
# what a business claim may not be called: the desk's own name, and nothing
FUNCTIONS = {"service": "service (business)", None: "(none)"}
TIERS = ("r1", "r2", "r3", "r4", "r5")
TIER_SETS = {"linked": TIERS[:2], "return": TIERS[:3], "strict": TIERS}
TICKET_TYPES = ("ticket_resolved", "first_contact_resolved", "sla_met")
CONTACT_TYPES = ("contact_handled", "call_resolved")
# Which feeds could show a falsifier. Nothing links to a contact or a bot's session; its `linked` waits for the feed it
# comes from. What names a problem is a ticket; what contradicts a deal is its own outcome.
FEEDS_OF_KIND = {
    "ticket": (
        {"ticket_events", "tickets_opened"},
        {"ticket_events", "tickets_opened", "calls"},
        {"ticket_events", "tickets_opened", "calls", "messages", "surveys"},
    ),
    "contact": ({"calls"}, {"calls", "tickets_opened"}, {"calls", "tickets_opened", "surveys"}),
    "bot": ({"bot_sessions"}, {"bot_sessions", "calls", "tickets_opened"}, {"bot_sessions", "calls", "tickets_opened"}),
    "problem": ({"tickets_opened"},) * 3,
    "business": ({"business_outcomes"},) * 3,
}
BUSINESS_WINDOWS = (30, 60, 90, 365)
OUTCOMES = pathlib.Path(__file__).resolve().parents[2] / "seeds" / "business_outcomes.csv"
KNOWN_AT_END = (
    *("talk_seconds", "hold_seconds", "wrap_seconds", "disconnected_by", "transfer_type", "is_abandoned"),
    *("reported_resolved", "disposition"),
)
DIRECTIONS = {"incoming": "inbound", "out": "outbound"}
KEYS = {
    "tickets": ("ticket_id",),
    "ticket_events": ("event_id",),
    "ticket_messages": ("message_id",),
    "calls": ("leg_id",),
    "identities": ("customer_id", "kind", "value"),
    "surveys": ("survey_id",),
    "categories": ("category", "subcategory", "valid_from"),
    "bot_sessions": ("session_id",),
    "problems": ("problem_id",),
    "business_claims": ("claim_type", "claim_id"),
    "business_outcomes": ("claim_type", "claim_id", "outcome", "outcome_at"),
    "sla_policies": ("policy_id", "metric"),
}
REQUIRED = {
    "tickets": ("ticket_id", "created_at"),
    "ticket_events": ("event_id", "ticket_id", "event_at"),
    "ticket_messages": ("message_id", "ticket_id", "sent_at"),
    "calls": ("leg_id", "contact_id", "started_at", "ended_at"),
    "identities": ("customer_id", "kind", "value"),
    "surveys": ("survey_id",),
    "categories": ("category",),
    "bot_sessions": ("session_id", "started_at"),
    "problems": ("problem_id", "opened_at"),
    "business_claims": ("claim_type", "claim_id", "claimed_at"),
    "business_outcomes": ("claim_type", "claim_id", "outcome", "outcome_at"),
    "sla_policies": ("policy_id", "metric"),
}
TIMES = {
    "tickets": ("created_at", "updated_at", "resolved_at", "closed_at"),
    "ticket_events": ("event_at",),
    "ticket_messages": ("sent_at",),
    "calls": ("started_at", "ended_at", "offered_at", "answered_at", "updated_at"),
    "surveys": ("eligible_at", "sent_at", "answered_at", "updated_at"),
    "bot_sessions": ("started_at", "ended_at"),
    "problems": ("opened_at", "closed_at", "fix_deployed_at"),
    "business_claims": ("claimed_at",),
    "business_outcomes": ("outcome_at",),
}
# When a row happened: what lies after a pinned as_of is left out.
TIME = {
    "tickets": "created_at",
    "ticket_events": "event_at",
    "ticket_messages": "sent_at",
    "calls": "started_at",
    "surveys": "sent_at",
    "bot_sessions": "started_at",
    "problems": "opened_at",
    "business_claims": "claimed_at",
    "business_outcomes": "outcome_at",
}


def moment(text):
    return datetime.datetime.fromisoformat(text) if text else None


def true(text):
    return text == "true"


def normalised(identifier):
    """One spelling: a telephone number is its digits, + before a country's code; all else lower case, trimmed."""
    digits = identifier.replace("(0)", "").translate(str.maketrans("", "", " ()-./"))
    rest = digits[1:] if digits.startswith("+") else digits
    is_number = rest.isdigit() and len(rest) >= 7 and (digits[0] in "+0" or len(rest) >= 10)
    if not is_number:
        return identifier.strip().lower()
    is_international = digits.startswith("00") and digits[2] != "0" and len(digits) >= 12
    return "+" + digits[2:] if is_international else digits


def person_key(identifier, salt):
    """Keyed hash of a person, as macros/privacy/person_key.sql describes it."""
    name = normalised(identifier)
    scope = "" if name.startswith("+") or "@" in name else SYSTEM
    inner = hashlib.sha256(f"{salt}{scope}:{name}".encode()).hexdigest()
    return hashlib.sha256(f"{salt}{inner}".encode()).hexdigest()[:32]


class World:
    """What the facts have to say for rows delivered in `loads`: a list of {table: [row]}, values text or None.

    `clocks` are the measured resolution clocks: (ticket_id, rank of the metric, met, stopped_at). They have a reference
    of their own.
    """

    def __init__(self, loads, salt, loaded_at, as_of=None, clocks=()):
        self.salt = salt
        self.as_of = as_of or datetime.datetime.max
        self.limit = loaded_at + DAY
        self.branches = Counter()
        self.fates = Counter()
        self.opened = {}
        self.tickets = {row["ticket_id"]: row for row in self._sift("tickets", loads)}
        self._people(self._sift("identities", loads))
        self.requests = self._sift("categories", loads)
        self.events, self.messages = defaultdict(list), defaultdict(list)
        for row in self._sift("ticket_events", loads):
            self.events[row["ticket_id"]].append(row)
        for row in self._sift("ticket_messages", loads):
            self.messages[row["ticket_id"]].append(row | {"at": moment(row["sent_at"])})
        self.surveys = self._sift("surveys", loads)
        self.bot_sessions = self._sift("bot_sessions", loads)
        self.problems = self._sift("problems", loads)
        self.business_claims = self._sift("business_claims", loads)
        self.business_outcomes = self._sift("business_outcomes", loads)
        self._sift("sla_policies", loads)
        self.clocks = clocks
        self.has_messages = bool(self.messages)
        self.episodes = []
        for ticket in self.tickets.values():
            self._history(ticket)
        self.contacts = self._contacts(self._sift("calls", loads))
        self._same_contacts()
        self.interactions = self._interactions()
        customers = [i["customer"] for i in self.interactions if i["counted"] and i["customer"]]
        self.shared = reference.shared_callers(customers) if customers else set()
        self.branches["a shared identity"] += len(self.shared)
        self.claims = self._claims()
        self._falsify()

    # Raw rows

    def _is_unusable(self, table, row):
        if any(not row.get(column) for column in REQUIRED[table]):
            return True
        try:
            times = [moment(row.get(column)) for column in TIMES.get(table, ())]
        except ValueError:
            return True
        if any(at and (at.year < 1990 or at > self.limit) for at in times):
            return True
        if table in ("ticket_events", "ticket_messages"):
            at = moment(row["event_at" if table == "ticket_events" else "sent_at"])
            opened = self.opened.get(row["ticket_id"])
            # a message may have been written before somebody made a ticket of it
            return opened is None or (table == "ticket_events" and at < opened)
        return table == "calls" and moment(row["ended_at"]) < moment(row["started_at"])

    def _sift(self, table, loads):
        """The current row of each key; the fate of each row is counted."""
        seen, usable = {}, defaultdict(list)
        for number, tables in enumerate(loads):
            for row in tables.get(table, ()):
                content = tuple(sorted((column, value) for column, value in row.items() if value))
                if content in seen:
                    self.fates[table, "exact_duplicate"] += 1
                    # delivered again: where arrival decides, it is what holds now
                    if seen[content]:
                        self.branches["an old version delivered again"] += seen[content][1] < number - 1
                        seen[content][1] = number
                    continue
                seen[content] = None
                if self._is_unusable(table, row):
                    self.fates[table, "quarantined"] += 1
                elif table == "ticket_events" and row["field"].strip().lower() not in FIELDS_READ:
                    self.fates[table, "excluded"] += 1
                else:
                    row = {column: value or None for column, value in row.items()}
                    key = tuple(
                        normalised(row[column]) if table == "identities" and column != "kind" else row.get(column)
                        for column in KEYS[table]
                    )
                    seen[content] = [row.get("updated_at") or "", number, row]
                    usable[key].append(seen[content])
        current = []
        for delivered in usable.values():
            delivered.sort(key=lambda version: version[:2])
            row = delivered[-1][2]
            if len(delivered) > 1:
                self.fates[table, "superseded"] += len(delivered) - 1
            at = moment(row.get(TIME.get(table)))
            if table == "tickets":
                row["created"] = self.opened[row["ticket_id"]] = at
                self.branches["opening edited"] += len({version[2]["created_at"] for version in delivered}) > 1
            if at and at > self.as_of:
                self.fates[table, "excluded"] += 1
            else:
                self.fates[table, "used"] += 1
                current.append(row)
        return current

    def _happened(self, text):
        """A time that as_of has not yet seen is none."""
        at = moment(text)
        return at if at and at <= self.as_of else None

    # People

    def _people(self, identities):
        owners = defaultdict(set)
        for row in identities:
            customer = person_key(row["customer_id"], self.salt)
            owners[person_key(row["value"], self.salt)].add(customer)
            owners[customer].add(customer)
        self.owners = owners

    def customer(self, identifier):
        """Key of who stands behind an identifier; one that is listed for two customers tells nobody."""
        if not identifier:
            return None
        key = person_key(identifier, self.salt)
        owners = self.owners.get(key, set())
        if len(owners) > 1:
            self.branches["identifier of two customers"] += 1
            return None
        if owners:
            self.branches["identifier resolved"] += 1
            return next(iter(owners))
        return key

    # Tickets

    def _written_before(self, ticket_id, at):
        """Did the customer write in the 10 minutes before?"""
        gaps = [
            at - message["at"]
            for message in self.messages[ticket_id]
            if message["author_type"] == "requester" and not true(message["is_automatic"]) and message["at"] <= at
        ]
        self.branches["message at 600 s"] += MINUTES_10 in gaps
        self.branches["message at 601 s"] += MINUTES_10 + datetime.timedelta(seconds=1) in gaps
        return any(gap <= MINUTES_10 for gap in gaps)

    def _actor(self, ticket, event):
        """Who acted: a machine that carries out the customer's reply is the customer."""
        actor = event["actor_type"] or "unknown"
        is_requester = ticket["customer"] is not None and self.customer(event["actor_id"]) == ticket["customer"]
        if ticket["created_by_actor_type"] in MACHINES and (is_requester or actor == "requester"):
            self.branches["a monitor"] += 1
            return "monitor"
        if actor == "unknown" and is_requester:
            self.branches["an unknown kind of actor is the requester"] += 1
            return "requester"
        if actor in MACHINES and self._written_before(ticket["ticket_id"], event["at"]):
            self.branches["a machine for the customer"] += 1
            return "requester"
        return actor

    def _history(self, ticket):
        number = ticket["ticket_id"]
        events = self.events[number]
        for event in events:
            event["at"] = moment(event["event_at"])
        if events and all(event["event_sequence"] for event in events):
            events.sort(key=lambda e: (int(e["event_sequence"]), e["at"], e["event_id"]))
            by_time = sorted(events, key=lambda e: (e["at"], e["event_id"]))
            self.branches["the sequence decides"] += events != by_time
        else:
            events.sort(key=lambda e: (e["at"], e["event_id"]))
            for event in events:
                event["event_sequence"] = None
        for event in events:
            event["field"] = event["field"].strip().lower()
            # what changes in one go is one step: after it, its values are in force
            event["step"] = (int(event["event_sequence"] or 0), event["at"])
        ticket["customer"] = self.customer(ticket["requester_id"])
        at_creation = [event for event in events if event["at"] <= ticket["created"]]
        opening = self._in_force(ticket, events, at_creation)
        if ticket["category_at_open"]:
            opening["category"] = ticket["category_at_open"]
        ticket["opening"] = opening
        before, moves, closings = None, [], []
        ticket["statuses"] = []
        for position, event in enumerate(events):
            if event["field"] != "status":
                continue
            last = max(n for n, other in enumerate(events) if other["step"] == event["step"])
            self.branches["another field in the step of a status"] += any(
                other["field"] in ("category", "subcategory") for other in events[position + 1 : last + 1]
            )
            status = event["new_value"].strip().lower()
            status = STATUSES.get(status, status)
            ticket["statuses"].append((status, event["at"]))
            if (before in RESOLVED) != (status in RESOLVED):
                moves.append((status in RESOLVED, position, event, self._in_force(ticket, events, events[: last + 1])))
            elif before in RESOLVED and before != status:
                self.branches["resolved to closed"] += status == "closed"
            if status == "closed" and before != "closed":
                closings.append((position, event["at"]))
            before = status
        self._episodes(ticket, events, moves, closings)

    @staticmethod
    def _in_force(ticket, events, so_far):
        """Category and subcategory after the events so far."""
        values = {}
        for field in ("category", "subcategory", "team"):
            changes = [event for event in events if event["field"] == field]
            values[field] = changes[0]["old_value"] if changes else ticket["team_id" if field == "team" else field]
            if changes and field == "category":
                values[field] = ticket["category_at_open"] or values[field]
            for event in so_far:
                if event["field"] == field:
                    values[field] = event["new_value"]
        return values

    def _episodes(self, ticket, events, moves, closings):
        number = ticket["ticket_id"]
        found, current = [], None
        for index, (is_entry, position, event, values) in enumerate(moves):
            actor = self._actor(ticket, event)
            if is_entry:
                if current is None:
                    current = {
                        "id": f"{SYSTEM}:{number}#{len(found) + 1}",
                        "ticket": number,
                        "resolved_at": event["at"],
                        "closure_mode": self._closure_mode(ticket, actor),
                        "category": values["category"],
                        "subcategory": values["subcategory"],
                        "team": values["team"],
                        "by": actor,
                        "issue": reference.issue(values),
                        "toggle_count": 0,
                        "ended_at": None,
                        "reopened_at": None,
                        "reopened_by": None,
                        "reopen_kind": None,
                        "from": position,
                        "to": None,
                    }
                    found.append(current)
                continue
            back = moves[index + 1][2]["at"] if index + 1 < len(moves) else None
            open_seconds = (back - event["at"]).total_seconds() if back else None
            if actor == "agent" and back:
                self.branches["open for 299 s"] += open_seconds == 299
                self.branches["open for 300 s"] += open_seconds == 300
            if back and (actor in MACHINES or (actor == "agent" and open_seconds < 300)):
                self.branches[f"toggle by {actor}"] += 1
                current["toggle_count"] += 1
                continue
            current["to"] = position
            current["ended_at"] = event["at"]
            if actor in MACHINES:
                self.branches["ended by a machine"] += 1
            else:
                current["reopened_at"] = event["at"]
                current["reopened_by"] = actor
                self.branches[f"reopened by {actor}"] += 1
                self.branches["reopened in the second of the claim"] += event["at"] == current["resolved_at"]
            current = None
        for index, episode in enumerate(found):
            end = len(events) if episode["to"] is None else episode["to"]
            episode["closed_at"] = min((at for at_, at in closings if episode["from"] <= at_ < end), default=None)
            again = found[index + 1] if index + 1 < len(found) else None
            if episode["reopened_at"] and self.has_messages:
                episode["reopen_kind"] = self._reopen_kind(ticket, events, episode, again)
            # where the clock ran back, the sequence still says what came after what
            for name in ("ended_at", "reopened_at"):
                if episode[name]:
                    episode[name] = max(episode[name], episode["resolved_at"])
            self.branches[f"closure {episode['closure_mode']}"] += 1
        self.branches["several episodes"] += len(found) > 1
        self.episodes += found

    def _closure_mode(self, ticket, actor):
        code = (ticket["resolution_code"] or "").strip().lower()
        if true(ticket["is_test"]):
            return "test"
        if code == "spam":
            return "spam"
        if ticket["duplicate_of"] or ticket["merged_into"] or code == "duplicate":
            return "duplicate"
        return "silent_auto_close" if actor in MACHINES or actor == "monitor" else "confirmed"

    def _reopen_kind(self, ticket, events, episode, again):
        if episode["reopened_by"] != "requester" or again is None:
            return "substantive"
        left, back = episode["reopened_at"], again["resolved_at"]
        self.branches["resolved again at 24 h"] += back - left == DAY
        self.branches["resolved again after 24 h"] += back - left == DAY + datetime.timedelta(seconds=1)
        if back - left > DAY:
            return "substantive"
        if any(
            message["author_type"] == "agent" and true(message["is_public"]) and left < message["at"] <= back
            for message in self.messages[ticket["ticket_id"]]
        ):
            self.branches["no acknowledgement: an agent replied"] += 1
            return "substantive"
        if any(
            event["field"] in ("category", "subcategory") and event["old_value"] != event["new_value"]
            for event in events[episode["to"] :]
            if events[episode["to"]]["step"] < event["step"] <= events[again["from"]]["step"]
        ):
            self.branches["no acknowledgement: another category"] += 1
            return "substantive"
        self.branches["acknowledgement"] += 1
        return "acknowledgement"

    # Contacts

    def _contacts(self, legs):
        for leg in legs:
            leg["channel"] = leg["channel"] and leg["channel"].strip().lower()
        channels_with_answers = {leg["channel"] for leg in legs if leg["answered_at"]}
        contacts = defaultdict(list)
        for leg in legs:
            leg["direction"] = leg["direction"] and leg["direction"].strip().lower()
            leg["direction"] = DIRECTIONS.get(leg["direction"], leg["direction"])
            leg["customer"] = self.customer(leg["customer_id"])
            leg["start"], leg["end"] = moment(leg["started_at"]), self._happened(leg["ended_at"])
            if leg["end"] is None:
                # what is known at the end is not known yet
                leg |= dict.fromkeys(KNOWN_AT_END)
            leg["answered"] = bool(
                self._happened(leg["answered_at"])
                if leg["channel"] in channels_with_answers
                else leg["agent_id"] and not true(leg["is_abandoned"])
            )
            contacts[leg["contact_id"]].append(leg)
        found = {}
        for number, members in contacts.items():
            members.sort(key=lambda leg: (float(leg["leg_number"] or "inf"), leg["start"], leg["leg_id"]))
            first_answered = [leg for leg in members if leg["answered"]][:1]

            def first(column, ranked=tuple(first_answered + members)):
                return next((leg for leg in ranked if leg[column]), None)

            about = first("category")
            caller, named = first("customer"), first("ticket_id")
            found[number] = {
                "id": number,
                "legs": members,
                # by which door the customer came
                "channel": members[0]["channel"],
                "team": (first("team_id") or {}).get("team_id"),
                "start": min(leg["start"] for leg in members),
                "end": None if any(leg["end"] is None for leg in members) else max(leg["end"] for leg in members),
                "inbound": members[0]["direction"] == "inbound",
                "answered": bool(first_answered),
                "customer": caller and caller["customer"],
                "category": about and about["category"],
                "subcategory": about and about["subcategory"],
                "issue": about and reference.issue(about),
                "ticket": named and named["ticket_id"],
            }
            self.branches["answered, no leg says when"] += bool(first_answered) and not channels_with_answers
            self.branches["several legs"] += len(members) > 1
            self.branches["answered on a later leg"] += bool(first_answered) and first_answered[0] is not members[0]
            self.branches["abandoned"] += not first_answered
            self.branches["outbound"] += members[0]["direction"] != "inbound"
            self.branches["unknown caller"] += found[number]["customer"] is None
        return found

    def _same_contacts(self):
        """Which contact a ticket's opening is. Only contacts name a customer where none was known."""
        self.contact_of = {}
        for ticket in sorted(self.tickets.values(), key=lambda t: t["ticket_id"]):
            # the latest of several, and one that names the ticket before one that names none; of one second, the least
            by_id = sorted(self.contacts.values(), key=lambda c: c["id"], reverse=True)
            for contact in sorted(by_id, key=lambda c: (c["ticket"] == ticket["ticket_id"], c["start"])):
                if not contact["inbound"]:
                    continue
                named = contact["ticket"] == ticket["ticket_id"]
                alike = (
                    contact["ticket"] is None
                    and ticket["channel"] in ("phone", "chat")
                    and ticket["customer"] is not None
                    and ticket["customer"] == contact["customer"]
                )
                if not (named or alike):
                    continue
                kind = "named" if named else "inferred"
                # one that goes on at as_of has not ended before anything
                late = (ticket["created"] - contact["end"]).total_seconds() if contact["end"] else 0
                self.branches[f"{kind} ticket at the start"] += ticket["created"] == contact["start"]
                self.branches[f"{kind} ticket at 900 s"] += late == 900
                self.branches[f"{kind} ticket at 901 s"] += late == 901
                if contact["start"] <= ticket["created"] and late <= 900:
                    self.contact_of[ticket["ticket_id"]] = contact["id"]
        requesters = defaultdict(set)
        for ticket_id, number in self.contact_of.items():
            requesters[number].add(self.tickets[ticket_id]["customer"])
        for number, customers in requesters.items():
            contact = self.contacts[number]
            if contact["customer"] is None and len(customers - {None}) == 1:
                contact["customer"] = min(customers - {None})
                self.branches["a contact takes the ticket's requester"] += 1

    def _interactions(self):
        found = []
        for contact in self.contacts.values():
            found.append(
                {
                    "id": f"contact/{SYSTEM}:{contact['id']}",
                    "kind": "contact",
                    "contact": contact["id"],
                    "ticket": contact["ticket"],
                    "channel": contact["channel"],
                    "team": contact["team"],
                    "category": contact["category"],
                    "customer": contact["customer"],
                    "issue": contact["issue"],
                    "at": contact["start"],
                    "end": contact["end"],
                    "counted": contact["inbound"],
                }
            )
        for ticket in self.tickets.values():
            found.append(
                {
                    "id": f"opening/{SYSTEM}:{ticket['ticket_id']}",
                    "kind": "opening",
                    "contact": self.contact_of.get(ticket["ticket_id"]),
                    "ticket": ticket["ticket_id"],
                    "channel": ticket["channel"],
                    "team": ticket["team_id"],
                    "category": ticket["opening"]["category"],
                    "customer": ticket["customer"],
                    "issue": reference.issue(ticket["opening"]),
                    "at": ticket["created"],
                    "end": ticket["created"],
                    "counted": ticket["ticket_id"] not in self.contact_of,
                }
            )
        for episode in self.episodes:
            if episode["reopened_by"] == "requester":
                found.append(
                    {
                        "id": f"return/{episode['id']}",
                        "kind": "return",
                        "contact": None,
                        "ticket": episode["ticket"],
                        "channel": self.tickets[episode["ticket"]]["channel"],
                        "team": episode["team"],
                        "category": episode["category"],
                        "customer": self.tickets[episode["ticket"]]["customer"],
                        "issue": episode["issue"],
                        "at": episode["reopened_at"],
                        "end": episode["reopened_at"],
                        "counted": True,
                    }
                )
        return found

    # Claims

    def _claims(self):
        claims = []

        def claim(claim_type, subject, at, kind, **values):
            claims.append(
                {
                    "id": f"{claim_type}/{subject}",
                    "type": claim_type,
                    "kind": kind,
                    "subject": subject,
                    "claimed_at": at,
                    "function": "service",
                    "by": "unknown",
                    "needs_customer": True,
                    "headline": True,
                }
                | dict.fromkeys(
                    ("customer", "category", "issue", "team", "closure_mode", "episode", "ticket", "contact", "until")
                )
                | dict.fromkeys((*TIERS, "r2_ticket", "r3_ticket", "r3_contact"))
                | values
            )

        def of_episode(claim_type, subject, episode):
            claim(
                claim_type,
                subject,
                episode["resolved_at"],
                "ticket",
                by=episode["by"],
                customer=self.tickets[episode["ticket"]]["customer"],
                category=episode["category"],
                issue=episode["issue"],
                team=episode["team"],
                closure_mode=episode["closure_mode"],
                headline=episode["closure_mode"] in ("confirmed", "silent_auto_close"),
                episode=episode["id"],
                ticket=episode["ticket"],
                until=episode["ended_at"],
                r1=episode["reopened_at"],
            )

        first_of = {}
        for episode in self.episodes:
            first_of.setdefault(episode["ticket"], episode)
            of_episode("ticket_resolved", episode["id"], episode)
        for number, episode in first_of.items():
            if true(self.tickets[number]["reported_first_contact_resolution"]):
                of_episode("first_contact_resolved", f"{SYSTEM}:{number}", episode)
        # the ticket's clock is the one whose metric comes first
        clock_of = {}
        for clock in sorted(self.clocks, key=lambda c: c[:2]):
            clock_of.setdefault(clock[0], clock)
        for number, _, is_met, stopped_at in clock_of.values():
            if is_met and stopped_at:
                assert stopped_at == first_of[number]["resolved_at"]
                of_episode("sla_met", f"{SYSTEM}:{number}", first_of[number])
        for contact in self.contacts.values():
            if not (contact["inbound"] and contact["answered"] and contact["end"]):
                continue
            said = [leg["reported_resolved"] for leg in contact["legs"] if leg["answered"] and leg["reported_resolved"]]
            self.branches["agents who say different things"] += len(set(said)) > 1
            for claim_type in CONTACT_TYPES[: 1 + (said[-1:] == ["true"])]:
                claim(
                    claim_type,
                    f"{SYSTEM}:{contact['id']}",
                    contact["end"],
                    "contact",
                    by="agent",
                    customer=contact["customer"],
                    category=contact["category"],
                    issue=contact["issue"],
                    team=contact["team"],
                    ticket=contact["ticket"],
                    contact=contact["id"],
                )
        for session in self.bot_sessions:
            end = self._happened(session["ended_at"])
            if end and true(session["is_contained"]):
                claim(
                    "contained_by_bot",
                    f"{SYSTEM}:{session['session_id']}",
                    end,
                    "bot",
                    by="automation",
                    customer=self.customer(session["customer_id"]),
                    category=session["intent"],
                    issue=reference.issue({"category": session["intent"], "subcategory": None}),
                )
        for problem in self.problems:
            closed = self._happened(problem["closed_at"])
            if closed:
                subject = f"{SYSTEM}:{problem['problem_id']}"
                claim("problem_closed", subject, closed, "problem", needs_customer=False, problem=problem["problem_id"])
        for row in self.business_claims:
            claim(
                row["claim_type"],
                f"{SYSTEM}:{row['claim_type']}:{row['claim_id']}",
                moment(row["claimed_at"]),
                "business",
                function=FUNCTIONS.get(row["business_function"], row["business_function"]),
                needs_customer=False,
                number=row["claim_id"],
            )
        for made in claims:
            is_known = made["customer"] is not None and made["customer"] not in self.shared
            made["observable"] = is_known or not made["needs_customer"]
        return claims

    def _falsify(self):
        by_ticket, by_contact = defaultdict(list), defaultdict(list)
        for claim in self.claims:
            if claim["kind"] == "ticket":
                by_ticket[claim["ticket"]].append(claim)
            elif claim["kind"] == "contact":
                by_contact[claim["contact"]].append(claim)
        self._linked(by_ticket)
        self._named_problems()
        self._outcomes()
        self._inferred()
        for number, claims in by_ticket.items():
            for claim in claims:
                self._while_resolved(number, claim)
        for survey in self.surveys:
            self._surveyed(survey, by_ticket, by_contact)

    def _named_problems(self):
        for claim in self.claims:
            if claim["kind"] != "problem":
                continue
            for ticket in sorted(self.tickets.values(), key=lambda t: (t["created"], t["ticket_id"])):
                if ticket["problem_id"] != claim["problem"]:
                    continue
                self.branches["problem named in the claim's second"] += ticket["created"] == claim["claimed_at"]
                if ticket["created"] > claim["claimed_at"] and claim["r2"] is None:
                    claim["r2"], claim["r2_ticket"] = ticket["created"], ticket["ticket_id"]
                    late = (ticket["created"] - claim["claimed_at"]).total_seconds()
                    self.branches["problem named a second later"] += late == 1

    def _outcomes(self):
        with OUTCOMES.open(encoding="utf-8", newline="") as file:
            listed = {(row["claim_type"], row["outcome"]): true(row["falsifies"]) for row in csv.DictReader(file)}
        self.falsifiable = {kind for (kind, _), falsifies in listed.items() if falsifies}
        for claim in self.claims:
            if claim["kind"] != "business":
                continue
            for row in self.business_outcomes:
                if (row["claim_type"], row["claim_id"]) != (claim["type"], claim["number"]):
                    continue
                at = moment(row["outcome_at"])
                falsifies = listed.get((claim["type"], row["outcome"].strip().lower()))
                self.branches["an outcome that is not listed"] += falsifies is None
                self.branches["an outcome that contradicts nothing"] += falsifies is False
                self.branches["an outcome in the claim's second"] += bool(falsifies) and at == claim["claimed_at"]
                if falsifies and at > claim["claimed_at"]:
                    claim["r2"] = min(claim["r2"] or at, at)

    def _linked(self, by_ticket):
        for ticket in sorted(self.tickets.values(), key=lambda t: (t["created"], t["ticket_id"])):
            for origin in sorted(
                {ticket[link] for link in ("follow_up_of", "duplicate_of", "parent_ticket_id")} - {None}
            ):
                for claim in by_ticket[origin]:
                    self.branches["linked in the claim's second"] += ticket["created"] == claim["claimed_at"]
                    if ticket["created"] > claim["claimed_at"] and claim["r2"] is None:
                        claim["r2"], claim["r2_ticket"] = ticket["created"], ticket["ticket_id"]
                        late = (ticket["created"] - claim["claimed_at"]).total_seconds()
                        self.branches["linked a second later"] += late == 1

    def _is_request(self, category, subcategory, at):
        for row in self.requests:
            if row["category"] != category or row["subcategory"] not in (None, subcategory):
                continue
            start, end = moment(row["valid_from"]), moment(row["valid_to"])
            if not true(row["is_request"]):
                continue
            if (start and at < start) or (end and at >= end):
                self.branches["a request only at other times"] += 1
                continue
            self.branches["a request by category"] += 1
            return True
        return False

    def _returns(self):
        """Openings and inbound contacts."""
        for ticket in self.tickets.values():
            yield (
                ticket["created"],
                ticket["ticket_id"],
                ticket["customer"],
                reference.issue(ticket["opening"]),
                ticket,
                None,
            )
        for contact in self.contacts.values():
            if contact["inbound"]:
                yield contact["start"], contact["id"], contact["customer"], contact["issue"], None, contact

    def _inferred(self):
        groups = defaultdict(list)
        for claim in self.claims:
            if claim["needs_customer"] and claim["headline"] and claim["observable"] and claim["issue"]:
                # a bot knows the category alone
                about = ("category", claim["category"]) if claim["kind"] == "bot" else ("issue", claim["issue"])
                groups[claim["type"], claim["customer"], *about].append(claim)
        # of several at the same second a ticket is named before a contact
        for at, _, customer, issue, ticket, contact in sorted(
            self._returns(), key=lambda r: (r[0], r[4] is None, r[1])
        ):
            if issue is None:
                continue
            category = ticket["opening"]["category"] if ticket else contact["category"]
            for claim_type in (*TICKET_TYPES, *CONTACT_TYPES, "contained_by_bot"):
                about = ("category", category) if claim_type == "contained_by_bot" else ("issue", issue)
                earlier = [c for c in groups[claim_type, customer, *about] if c["claimed_at"] < at]
                if not earlier:
                    continue
                claim = max(earlier, key=lambda c: (c["claimed_at"], c["id"]))
                self.branches["a return answers only the latest"] += len(earlier) > 1
                if claim["kind"] == "bot":
                    self.branches["a bot's category with a subcategory"] += issue != claim["issue"]
                    self.branches["a contact within 15 minutes of a bot"] += (
                        contact is not None and (at - claim["claimed_at"]).total_seconds() <= 900
                    )
                exclusion = self._exclusion(claim, at, ticket, contact)
                if exclusion:
                    self.branches[f"no return: {exclusion}"] += 1
                elif claim["r3"] is None:
                    claim["r3"] = at
                    claim["r3_ticket"] = ticket and ticket["ticket_id"]
                    claim["r3_contact"] = contact and contact["id"]
                    self.branches[f"{claim_type} falsified by a {'ticket' if ticket else 'contact'}"] += 1

    def _exclusion(self, claim, at, ticket, contact):
        if ticket:
            if claim["kind"] == "ticket" and ticket["ticket_id"] == claim["ticket"]:
                return "the claim's own ticket"
            contact = self.contacts.get(self.contact_of.get(ticket["ticket_id"]))
            if claim["kind"] == "contact" and contact:
                if contact["id"] == claim["contact"]:
                    return "the ticket of this very contact"
                if 0 <= (contact["start"] - claim["claimed_at"]).total_seconds() <= 900:
                    return "the ticket of a forwarded contact"
            return self._exclusion_by_ticket(claim, ticket)
        if self._is_request(contact["category"], contact["subcategory"], at):
            return "request of a contact"
        if claim["kind"] == "ticket" and contact["ticket"] == claim["ticket"]:
            return "names this very ticket"
        named = self.tickets.get(contact["ticket"])
        why = named and self._exclusion_by_ticket(claim, named)
        if why:
            return f"{why} (of the ticket that the contact names)"
        if claim["kind"] != "contact":
            return None
        late = (at - claim["claimed_at"]).total_seconds()
        self.branches["contact at 901 s"] += late == 901
        self.branches["contact at 900 s"] += late == 900
        return "forwarded" if late <= 900 else None

    def _exclusion_by_ticket(self, claim, ticket):
        origin = self.tickets.get(claim["ticket"], {})
        if ticket["ticket_type"] == "request":
            return "request by type"
        opening = ticket["opening"]
        if self._is_request(opening["category"], opening["subcategory"], ticket["created"]):
            return "request by category"
        for link in ("parent_ticket_id", "problem_id"):
            if ticket[link] and ticket[link] == origin.get(link):
                return f"same {link}"
        if true(ticket["is_test"]):
            return "test"
        if (ticket["resolution_code"] or "").strip().lower() == "spam":
            return "spam"
        return None

    def _while_resolved(self, number, claim):
        times = [
            message["at"]
            for message in self.messages[number]
            if message["author_type"] == "requester" and not true(message["is_automatic"])
        ]
        calls = [c["start"] for c in self.contacts.values() if c["inbound"] and c["ticket"] == number]
        inside = [
            at for at in times + calls if at > claim["claimed_at"] and (claim["until"] is None or at < claim["until"])
        ]
        claim["r4"] = min(inside, default=None)
        self.branches["R4 by message"] += claim["r4"] is not None and claim["r4"] in times
        self.branches["R4 by call"] += claim["r4"] is not None and claim["r4"] in calls
        self.branches["message in the claim's second"] += claim["claimed_at"] in times
        self.branches["message at the reopening"] += claim["until"] in times

    def _surveyed(self, survey, by_ticket, by_contact):
        at = self._happened(survey["answered_at"])
        if at is None or (survey["resolved_answer"] or "").strip().lower() != "no":
            return
        spoken_of = []
        earlier = [claim for claim in by_ticket.get(survey["ticket_id"], ()) if claim["claimed_at"] < at]
        if earlier:
            # of the latest resolution, and whatever else was claimed of it
            latest = max(earlier, key=lambda c: (c["claimed_at"], int(c["episode"].rpartition("#")[2])))
            spoken_of += [claim for claim in earlier if claim["episode"] == latest["episode"]]
            self.branches["a survey after a later episode"] += any(
                claim["kind"] == "ticket" and claim not in spoken_of for claim in earlier
            )
        spoken_of += [claim for claim in by_contact.get(survey["contact_id"], ()) if claim["claimed_at"] < at]
        for claim in spoken_of:
            claim["r5"] = min(claim["r5"] or at, at)
            self.branches[f"R5 of {claim['type']}"] += 1

    # Verdicts

    def verdicts(self, observed_until, as_of):
        """(claim, window, tier set, is_mature, verdict, falsified_at, falsified_by_tier) of every claim."""
        for claim in self.claims:
            for tier_set, tiers in TIER_SETS.items():
                feeds = FEEDS_OF_KIND[claim["kind"]][list(TIER_SETS).index(tier_set)] & set(observed_until)
                if claim["kind"] == "business" and claim["type"] not in self.falsifiable:
                    feeds = set()
                    self.branches["a business claim that nothing contradicts"] += 1
                # what no feed shows is never mature
                horizon = min([as_of, *(observed_until[feed] for feed in feeds)]) if feeds else datetime.datetime.min
                for window in WINDOWS if claim["function"] == "service" else BUSINESS_WINDOWS:
                    mature, verdict, at = reference.verdict(claim, horizon, window, tiers)
                    tier = next((tier.upper() for tier in tiers if at and claim[tier] == at), None)
                    late = {claim[t] - claim["claimed_at"] - window * DAY for t in tiers if claim[t]}
                    self.branches["falsified at W"] += datetime.timedelta() in late
                    self.branches["falsified at W + 1 s"] += datetime.timedelta(seconds=1) in late
                    self.branches["mature to the second"] += claim["claimed_at"] + window * DAY == horizon
                    name = "business" if claim["kind"] == "business" else claim["type"]
                    self.branches[f"{name} {tier_set} {verdict}"] += 1
                    self.branches[f"falsified by {tier}"] += tier is not None
                    yield claim["id"], window, tier_set, mature, verdict, at, tier
