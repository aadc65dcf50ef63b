"""Small random desks in the raw contract, dense with edges: every new time lies near an earlier one."""

import contextlib
import csv
import datetime
import random

START = datetime.datetime(2024, 3, 4, 8)
SECONDS = (0, 0, 1, -1, 60, 299, 300, 301, 599, 600, 601, 899, 900, 901, 86399, 86400, 86401)
DAYS = (1, 7, 14, 30)
# One customer a line: the identifiers that calls and tickets use, the first of them its own.
CUSTOMERS = (
    ("C1", "+43 1 234 5678", "0043 1 2345678", "Ann@x.example", " ann@X.example"),
    ("C2", "bob", "0664 1234567", "0664/123-4567"),
    ("C3", "carol@x.example", "C3"),
    ("C4", "+43.1.234.5679"),
    ("dave", "DAVE", "dave "),
    ("erin@x.example", "Erin@x.example"),
)
IDENTITIES = (
    ("C1", "phone", "+4312345678"),
    ("C1", "email", "ann@x.example"),
    ("C2", "user", "bob"),
    ("C2", "phone", "0664 1234567"),
    ("C3", "email", "carol@x.example"),
    ("C4", "phone", "+43 1 2345679"),
    # one telephone, two customers
    ("C3", "phone", "+43 1 999 9999"),
    ("C4", "phone", "0043 1 9999999"),
)
PROBLEMS = ("PRB1", "PRB2", "PRB3", "PRB4", "PRB5", "PRB6")
AGENTS = ("agent 0", "agent 1", "agent 2", None)
SHARED_PHONE = "+4319999999"
CATEGORIES = (("net", None), ("net", "vpn"), ("pc", None), ("order", None), (None, None))
COLUMNS = {
    "tickets": "ticket_id created_at requester_id channel category status updated_at ticket_type subcategory "
    "category_at_open resolution_code created_by_actor_type problem_id parent_ticket_id duplicate_of merged_into "
    "follow_up_of is_test account_id team_id assignee_id resolved_at closed_at sla_policy_id "
    "reported_first_contact_resolution",
    "ticket_events": "event_id ticket_id event_at field new_value event_sequence old_value actor_id actor_type",
    "ticket_messages": "message_id ticket_id sent_at author_type is_public is_automatic",
    "calls": "leg_id contact_id started_at ended_at direction customer_id channel agent_id updated_at leg_number "
    "answered_at ticket_id category subcategory is_abandoned queue team_id offered_at talk_seconds hold_seconds "
    "wrap_seconds disconnected_by transfer_type reported_resolved",
    "identities": "customer_id kind value",
    "surveys": "survey_id ticket_id contact_id sent_at answered_at resolved_answer updated_at",
    "categories": "category subcategory is_request valid_from valid_to",
    "bot_sessions": "session_id customer_id started_at ended_at intent is_contained handed_off_to",
    "problems": "problem_id opened_at closed_at",
    "business_claims": "claim_type claim_id business_function unit subject_id claimed_at amount",
    "business_outcomes": "claim_type claim_id outcome_at outcome amount",
    "sla_policies": "policy_id metric target_minutes pausing_statuses",
}
# Tables that came later: their rows draw from a generator of their own.
LATER = ("bot_sessions", "problems", "business_claims", "business_outcomes", "sla_policies")


class Maker:
    def __init__(self, seed, tools=None):
        """tools: a number that says what the desk's tools deliver; desks that share them have the same"""
        self.random = random.Random(seed)
        self.more = random.Random(-seed - 1)
        self.instants = []
        self.first, self.second, self.third = ({table: [] for table in COLUMNS} for _ in range(3))
        self.ticket_ids = []
        self.serial = 0
        # what this desk's tools deliver
        tools = seed if tools is None else tools
        self.names_tickets = tools % 3 != 2
        self.has_answers = tools % 4 != 3
        self.has_messages = tools % 7 != 6
        self.has_surveys = tools % 5 != 4
        self.crowd = seed % 6 == 1
        self.says_transfers = tools % 4 != 2
        self.chats_say_transfers = tools % 3 != 1

    def chance(self, share):
        return self.random.random() < share

    def one_of(self, *values):
        return self.random.choice(values)

    def near(self, at):
        """An instant an edge away from this one."""
        seconds = self.random.choice(SECONDS)
        if self.chance(0.35):
            seconds = self.random.choice(DAYS) * 86400 + self.random.choice((0, 0, 1, -1))
        return at + datetime.timedelta(seconds=seconds)

    def instant(self):
        if not self.instants or self.chance(0.25):
            return START + datetime.timedelta(days=self.random.randrange(40), seconds=300 * self.random.randrange(24))
        return max(START, self.near(self.random.choice(self.instants[-60:])))

    def keep(self, at):
        self.instants.append(at)
        return at

    def add(self, table, load=None, **values):
        row = {column: values.pop(column, None) for column in COLUMNS[table].split()}
        assert not values, values
        for column, value in row.items():
            if isinstance(value, datetime.datetime):
                row[column] = value.isoformat(" ")
            elif isinstance(value, bool):
                row[column] = str(value).lower()
            elif isinstance(value, int):
                row[column] = str(value)
        (self.first if load is None else load)[table].append(row)
        return row

    def identifier(self, customer=None):
        if customer is None:
            if self.chance(0.07):
                return None
            if self.chance(0.05):
                return SHARED_PHONE
            customer = self.random.choice(CUSTOMERS)
        return self.random.choice(customer)

    def make(self, size, as_of=None):
        for identity in IDENTITIES:
            self.add("identities", **dict(zip(("customer_id", "kind", "value"), identity, strict=True)))
        half = START + datetime.timedelta(days=20)
        self.add("categories", category="order", is_request=True, valid_from=half)
        self.add("categories", category="net", is_request=False)
        self.add("categories", category="pc", is_request=True, valid_to=START + datetime.timedelta(days=8))
        self.add(
            "categories",
            category="net",
            subcategory="vpn",
            is_request=True,
            valid_from=half,
            valid_to=half + datetime.timedelta(days=5),
        )
        for _ in range(size):
            if self.chance(0.45):
                self.contact()
            else:
                self.ticket()
        if self.crowd:
            for number in range(1100):
                at = START + datetime.timedelta(minutes=40 * number)
                self.add(
                    "tickets",
                    ticket_id=f"Z{number}",
                    created_at=at,
                    updated_at=at,
                    requester_id=f"one {number}",
                    channel="email",
                    category="pc",
                    status="new",
                )
            for _ in range(60 + 12 * size // 10):
                self.contact(customer=("front desk",))
        self.dirt()
        self.later(size, as_of)
        return self.first, self.second, self.third

    def ticket(self, customer=None, created=None, channel=None, category=None, named_by=None):
        ticket_id = f"T{self.random.randrange(100)}-{len(self.ticket_ids)}"
        created = self.keep(created or self.instant())
        requester = self.identifier(customer)
        category, subcategory = category or self.random.choice(CATEGORIES)
        is_machine_made = self.chance(0.12)
        row = self.add(
            "tickets",
            ticket_id=ticket_id,
            created_at=created,
            requester_id=requester,
            channel=channel or self.one_of("phone", "chat", "email", "portal"),
            ticket_type=self.one_of("incident", "incident", "incident", "problem", None, "request"),
            category=category,
            subcategory=subcategory,
            updated_at=created,
            resolution_code=self.one_of(None, None, None, "solved", "Spam", "duplicate") if self.chance(0.3) else None,
            created_by_actor_type=self.one_of("system", "automation")
            if is_machine_made
            else self.one_of("agent", "requester", None),
            problem_id=self.one_of("PRB1", "PRB2") if self.chance(0.15) else None,
            is_test=self.one_of(True, False, None) if self.chance(0.2) else None,
            account_id=self.more.choice(("firm", "shop", None)),
            team_id=self.more.choice(("front", "back", None)),
            sla_policy_id=self.more.choice(("P1", "P2", "P3", None)),
            reported_first_contact_resolution=self.more.choice((True, True, False, None)),
        )
        for link, share in (
            ("parent_ticket_id", 0.12),
            ("duplicate_of", 0.05),
            ("follow_up_of", 0.1),
            ("merged_into", 0.05),
        ):
            if self.ticket_ids and self.chance(share):
                row[link] = self.random.choice(self.ticket_ids[-12:])
        if self.chance(0.08):
            row["parent_ticket_id"] = "PARENT"
        self.ticket_ids.append(ticket_id)
        self.history(row, created, category, subcategory)
        if self.chance(0.3) and requester:
            self.sequel(row, customer or (requester,))
        return row

    def sequel(self, row, customer):
        """The same customer about the same thing: a call that may name the ticket, or a ticket of the same cause."""
        at = self.near(datetime.datetime.fromisoformat(row["updated_at"]))
        if at < START:
            return
        if self.chance(0.5):
            self.again(customer, at, row | {"ticket_id": row["ticket_id"] if self.names_tickets else None})
            return
        if self.chance(0.4):
            at = datetime.datetime.fromisoformat(row["updated_at"]) + datetime.timedelta(seconds=self.one_of(0, 1))
        origin = self.one_of("problem_id", "parent_ticket_id", "follow_up_of", "duplicate_of", None)
        again = self.ticket(customer, at, category=(row["category"], row["subcategory"]))
        if origin == "follow_up_of" or origin == "duplicate_of":
            again[origin] = row["ticket_id"]
        elif origin:
            again[origin] = row[origin] = row[origin] or "SAME"

    def event(self, row, at, field, old, new, actor, actor_id, steps, is_later=False):
        self.serial += 1
        chance = self.more if is_later else self.random
        steps.append(
            self.add(
                "ticket_events",
                event_id=f"{row['ticket_id']}/{chance.randrange(10, 99)}{self.serial}"
                if steps
                else f"{row['ticket_id']}/0",
                ticket_id=row["ticket_id"],
                event_at=at,
                field=field,
                old_value=old,
                new_value=new,
                actor_id=actor_id,
                actor_type=actor,
            )
        )

    def history(self, row, at, category, subcategory):
        steps = []
        held = {"team": row["team_id"], "assignee": self.more.choice(("agent 0", "agent 1", None, None))}
        row["assignee_id"] = held["assignee"]
        is_sequenced = self.chance(0.6)
        status = "new"
        if self.chance(0.05):
            status = "resolved"
        if self.chance(0.95) or status == "resolved":
            actor = self.one_of("agent", "system", None)
            self.event(row, at, "status", None, status, actor, "tool", steps)
        for _ in range(self.random.choice((0, 1, 2, 2, 3, 4, 5, 6, 7, 9))):
            if is_sequenced and self.chance(0.06):
                # a clock that went back; the sequence knows better
                at = max(at - datetime.timedelta(seconds=60), datetime.datetime.fromisoformat(row["created_at"]))
            quick = (0, 0, 1, 60, 299, 300, 301, 599, 600, 601)
            at += datetime.timedelta(
                seconds=self.one_of(*quick, *quick, 86399, 86400, 86401, 3600, 5 * 86400, 7 * 86400)
            )
            if steps and self.more.random() < 0.2:
                field = self.more.choice(("team", "assignee"))
                old, held[field] = held[field], self.more.choice(("front", "back") if field == "team" else AGENTS)
                if old != held[field]:
                    self.event(row, at, field, old, held[field], "agent", "agent 1", steps, is_later=True)
            kind = self.random.random()
            if kind < 0.12:
                old, (category, _) = category, self.random.choice(CATEGORIES[:4])
                self.event(row, at, self.one_of("category", "Category "), old, category, "agent", "agent 1", steps)
                continue
            if kind < 0.16:
                old, subcategory = subcategory, self.one_of("vpn", "lan")
                self.event(row, at, "subcategory", old, subcategory, "agent", "agent 1", steps)
                continue
            if kind < 0.2:
                self.event(row, at, "priority", "1", "2", "agent", "agent 1", steps)
                continue
            old = status
            if status in ("resolved", "solved", "closed", "done"):
                status = self.one_of(
                    "closed", "closed", "open", "open", "reopened", "pending", "cancelled", "resolved", "odd word"
                )
            else:
                status = self.one_of("resolved", "resolved", "Solved", "closed", "done", "open", "pending").lower()
            actor = self.one_of("agent", "agent", "requester", "system", "automation", None)
            actor_id = row["requester_id"] if actor == "requester" or self.chance(0.15) else f"{actor} 1"
            if self.has_messages and self.chance(0.4):
                back = self.one_of(0, 1, 60, 599, 600, 601)
                self.message(row, at - datetime.timedelta(seconds=back), self.one_of("requester", "requester", "agent"))
            self.event(row, at, "status", old, status, actor, actor_id, steps)
            self.keep(at)
        if self.chance(0.3):
            row["category_at_open"] = row["category"]
        row["category"], row["subcategory"], row["status"] = category, subcategory, status
        row["team_id"], row["assignee_id"] = held["team"], held["assignee"]
        row["updated_at"] = at.isoformat(" ")
        if is_sequenced:
            for number, step in enumerate(steps):
                step["event_sequence"] = str(number + 1)
        elif self.chance(0.2) and steps:
            steps[0]["event_sequence"] = "1"
        if self.has_messages and self.chance(0.4):
            self.message(row, self.near(at), self.one_of("requester", "requester", "agent"))
        if self.has_surveys and self.chance(0.25):
            self.survey(at, ticket_id=row["ticket_id"])

    def message(self, row, at, author):
        if at.isoformat(" ") < row["created_at"]:
            return
        self.serial += 1
        self.add(
            "ticket_messages",
            message_id=f"M{self.serial}",
            ticket_id=row["ticket_id"],
            sent_at=self.keep(at),
            author_type=author,
            is_public=author == "requester" or self.chance(0.6),
            is_automatic=True if author == "requester" and self.chance(0.15) else self.one_of(None, False),
        )

    def survey(self, at, **about):
        self.serial += 1
        answered = self.keep(max(START, self.near(at))) if self.chance(0.85) else None
        sent = min(at, answered) if answered else at
        self.add(
            "surveys",
            survey_id=f"S{self.serial}",
            sent_at=sent,
            answered_at=answered,
            resolved_answer=self.one_of("no", "no", "No", "yes", None) if answered else None,
            updated_at=answered or sent,
            **about,
        )

    def contact(self, customer=None):
        self.serial += 1
        contact_id = f"K{self.random.randrange(100)}-{self.serial}"
        customer = customer or self.random.choice(CUSTOMERS)
        start = at = self.keep(self.instant())
        inbound = self.chance(0.88)
        category, subcategory = self.random.choice(CATEGORIES)
        named = None
        if self.names_tickets and self.ticket_ids and self.chance(0.4):
            named = self.random.choice(self.ticket_ids[-25:])
        legs = []
        for number in range(self.one_of(1, 1, 1, 2, 2, 3)):
            end = at + datetime.timedelta(seconds=self.one_of(0, 60, 299, 300, 600))
            answered = self.chance(0.75)
            told = self.chance(0.8)
            legs.append(
                self.add(
                    "calls",
                    leg_id=f"{contact_id}/{self.random.randrange(100)}{number}",
                    contact_id=contact_id,
                    started_at=at,
                    ended_at=end,
                    updated_at=end,
                    direction="inbound" if inbound else "outbound",
                    customer_id=self.identifier(customer if self.chance(0.93) else None) if self.chance(0.9) else None,
                    channel=self.one_of("voice", "voice", "chat"),
                    agent_id=f"agent {number}" if answered or self.chance(0.3) else None,
                    leg_number=str(number + 1) if self.has_answers else None,
                    answered_at=at if answered and self.has_answers else None,
                    ticket_id=named if self.chance(0.85) else None,
                    category=category if told else None,
                    subcategory=subcategory if told else None,
                    is_abandoned=not answered and self.one_of(True, True, False, None),
                )
            )
            self.work(legs[-1], at, answered)
            if number and inbound and self.more.random() < 0.3:
                legs[-1]["direction"] = self.more.choice(("outbound", "internal", None))
            elif self.more.random() < 0.1:
                legs[-1]["direction"] = self.more.choice(("incoming", " Inbound ")) if inbound else "out"
            if self.chance(0.15):
                category, subcategory = self.random.choice(CATEGORIES)
            at = end + datetime.timedelta(seconds=self.one_of(0, 0, 1, 5))
        self.keep(end)
        kind = self.random.random()
        if kind < 0.3:
            late = self.one_of(
                start,
                start,
                start - datetime.timedelta(seconds=1),
                end,
                *(end + datetime.timedelta(seconds=s) for s in (899, 900, 900, 901, 901)),
            )
            row = self.ticket(
                customer,
                max(late, START),
                self.one_of("phone", "phone", "chat", "email"),
                (category, subcategory) if self.chance(0.7) else None,
            )
            if self.names_tickets and self.chance(0.8):
                for leg in legs:
                    leg["ticket_id"] = row["ticket_id"]
        elif kind < 0.5:
            self.instants.append(end)
            self.again(customer, end, legs[-1])
        if self.has_surveys and self.chance(0.2):
            self.survey(end, contact_id=contact_id)

    def work(self, leg, at, answered):
        """What the agent did in the leg, as far as the tool tells."""
        some = self.more.choice
        leg["talk_seconds"] = some((None, 0, 4, 9, 10, 61, 300, 900)) if answered or some((0, 0, 1)) else None
        leg["hold_seconds"] = some((None, 0, 1, 5, 77))
        leg["wrap_seconds"] = some((None, 0, 30))
        offered = some((None, at, at, *(at - datetime.timedelta(seconds=n) for n in (5, 9, 10))))
        if not answered and some((0, 0, 1)):
            offered = at + datetime.timedelta(seconds=some((5, 50)))
        leg["offered_at"] = offered and offered.isoformat(" ")
        leg["queue"] = some(("desk", None))
        leg["team_id"] = some(("front", "back", None))
        leg["disconnected_by"] = some(("customer", "agent", None))
        leg["reported_resolved"] = some(("true", "true", "false", None))
        # a desk's telephone and chat may be two tools
        if self.says_transfers and (leg["channel"] == "voice" or self.chats_say_transfers):
            leg["transfer_type"] = some((None, None, None, "cold", "Warm", "consult", "Consult "))
        self.as_text(leg)

    @staticmethod
    def as_text(leg):
        for part in ("talk_seconds", "hold_seconds", "wrap_seconds"):
            leg[part] = None if leg[part] is None else str(leg[part])

    def again(self, customer, end, before):
        """The same customer about the same thing, around the 15 minutes after the end."""
        self.serial += 1
        contact_id = f"K{self.random.randrange(100)}-{self.serial}"
        at = end + datetime.timedelta(seconds=self.one_of(0, 1, 899, 900, 900, 901, 901, 86400))
        leg = self.add(
            "calls",
            leg_id=f"L{self.serial}",
            contact_id=contact_id,
            started_at=self.keep(at),
            ended_at=self.keep(at + datetime.timedelta(seconds=60)),
            updated_at=at,
            direction="inbound",
            customer_id=self.identifier(customer),
            channel="voice",
            agent_id="agent 9",
            leg_number="1" if self.has_answers else None,
            answered_at=at if self.has_answers else None,
            category=before["category"],
            subcategory=before["subcategory"],
            ticket_id=before["ticket_id"] if self.chance(0.4) else None,
        )
        self.work(leg, at, True)
        if self.chance(0.4):
            created = at + datetime.timedelta(seconds=self.one_of(0, 1, 60, 960, 961))
            row = self.ticket(customer, created, "phone", (before["category"], before["subcategory"]))
            if self.names_tickets:
                leg["ticket_id"] = row["ticket_id"]

    # What goes wrong on the way: copies, later and earlier versions, rows nobody can use

    def dirt(self):
        copied = set()
        for table, rows in self.first.items():
            if table in LATER:
                continue
            usable = list(rows)
            for row in self.random.sample(usable, min(len(usable), 4)):
                rows.append(dict(row))
                self.second[table].append(dict(row))
                copied.add(row[COLUMNS[table].split()[0]])
        for table, column in (("tickets", "updated_at"), ("calls", "updated_at"), ("surveys", "updated_at")):
            own = COLUMNS[table].split()[0]
            usable = list({row[own]: row for row in self.first[table] if row[own] not in copied}.values())
            for row in self.random.sample(usable, min(len(usable), 8)):
                version = dict(row)
                shift = self.one_of(-1, 1)
                version[column] = (
                    datetime.datetime.fromisoformat(row[column]) + datetime.timedelta(seconds=shift)
                ).isoformat(" ")
                if table == "tickets":
                    version["requester_id"] = self.identifier()
                    version["is_test"] = "true"
                    if self.chance(0.4):
                        edited = datetime.datetime.fromisoformat(row["created_at"]) + datetime.timedelta(
                            seconds=self.one_of(-60, 60, 3600)
                        )
                        version["created_at"] = edited.isoformat(" ")
                elif table == "calls":
                    version["customer_id"] = self.identifier()
                else:
                    version["resolved_answer"] = self.one_of("no", "yes")
                self.second[table].append(version)
        for table in ("ticket_events", "ticket_messages"):
            usable = [row for row in self.first[table] if row[COLUMNS[table].split()[0]] not in copied]
            for row in self.random.sample(usable, min(len(usable), 6)):
                version = dict(row)
                if table == "ticket_events":
                    version["actor_type"] = self.one_of("agent", "requester", "system")
                    version["actor_id"] = "other"
                else:
                    version["author_type"] = self.one_of("agent", "requester")
                if version != row:
                    self.second[table].append(version)
        future = datetime.datetime(2099, 1, 1)
        old = datetime.datetime(1970, 1, 1)
        spoiled = {
            "tickets": ("created_at", "ticket_id"),
            "ticket_events": ("event_at", "ticket_id"),
            "ticket_messages": ("sent_at", "ticket_id"),
            "calls": ("started_at", "contact_id"),
        }
        for table, (column, key) in spoiled.items():
            for number, (name, value) in enumerate(
                ((column, future), (column, old), (column, "soon"), (key, None), (column, None))
            ):
                for row in self.random.sample(self.first[table], min(len(self.first[table]), 2)):
                    row = dict(row)
                    self.serial += 1
                    own = COLUMNS[table].split()[0]
                    if own != key:
                        row[own] = f"D{number}{self.serial}"
                    else:
                        row["updated_at"] = future.isoformat(" ") if self.chance(0.2) else row["updated_at"]
                    row[name] = value.isoformat(" ") if isinstance(value, datetime.datetime) else value
                    self.one_of(self.first, self.second)[table].append(row)
        for table, column in (("ticket_events", "event_at"), ("ticket_messages", "sent_at")):
            for row in self.random.sample(self.first[table], min(len(self.first[table]), 3)):
                self.serial += 1
                own = COLUMNS[table].split()[0]
                self.first[table].append(row | {own: f"N{self.serial}", "ticket_id": "nowhere"})
                self.first[table].append(row | {own: f"B{self.serial}", column: "2023-12-31 10:00:00"})
        for row in self.random.sample(self.first["calls"], 2):
            self.first["calls"].append(row | {"leg_id": row["leg_id"] + "x", "ended_at": "2023-12-31 10:00:00"})
        for row in self.random.sample(self.first["ticket_events"], min(3, len(self.first["ticket_events"]))):
            self.serial += 1
            self.first["ticket_events"].append(row | {"event_id": f"F{self.serial}", "field": "subject"})

    # What came later to this world: chats side by side, visits at the edges of chains, quiet tickets, other claims

    def later(self, size, as_of):
        self.random = self.more
        for _ in range(size // 25):
            self.chats()
        for _ in range(size // 15):
            self.visits()
        for _ in range(size // 15):
            self.quiet_ticket()
        for _ in range(size // 8):
            self.bot_session()
        self.policies()
        self.problem_records()
        for _ in range(size // 2):
            self.business_claim()
        self.base_period()
        if as_of:
            self.around(as_of)
        for table in LATER:
            versions = [row.get("problem_id") for row in self.second["problems"]] if table == "problems" else []
            once = [row for row in self.first[table] if row.get("problem_id") not in versions]
            for row in self.random.sample(once, min(len(once), 2)):
                self.second[table].append(dict(row))
        for column, value in (("started_at", "soon"), ("started_at", None), ("started_at", "1970-01-01 00:00:00")):
            row = self.random.choice(self.first["bot_sessions"])
            self.second["bot_sessions"].append(row | {"session_id": f"spoiled {value}", column: value})

    def leg(self, contact_id, number, at, end, customer, about, **values):
        self.serial += 1
        category, subcategory = about
        leg = self.add(
            "calls",
            leg_id=f"X{self.serial}",
            contact_id=contact_id,
            started_at=at,
            ended_at=end,
            updated_at=end,
            leg_number=str(number) if self.has_answers else None,
            category=category,
            subcategory=subcategory,
            **{
                "direction": "inbound",
                "customer_id": customer and self.identifier(customer),
                "channel": "voice",
                "agent_id": "agent 1",
                "answered_at": at if self.has_answers else None,
            }
            | values,
        )
        self.work(leg, at, True)
        return leg

    def chats(self):
        """One or two agents with several chats, open at once in every way."""
        base = self.instant()
        for _ in range(self.one_of(2, 3, 5, 7)):
            self.serial += 1
            start = base + datetime.timedelta(seconds=self.one_of(0, 0, 1, 5, 60, 100, 299))
            end = start + datetime.timedelta(seconds=self.one_of(0, 0, 1, 5, 59, 60, 61, 100, 333, 601))
            rang = start - datetime.timedelta(seconds=self.one_of(0, 0, 9, 10, 30))
            about = self.one_of(*CATEGORIES)
            contact_id = f"chat {self.serial}"
            for number in range(self.one_of(1, 1, 1, 2)):
                leg = self.leg(
                    contact_id,
                    number + 1,
                    rang,
                    end,
                    self.one_of(*CUSTOMERS, None),
                    about,
                    channel=self.one_of("chat", "chat", "Chat", "voice"),
                    direction=self.one_of("inbound", "inbound", "inbound", "outbound"),
                    agent_id=self.one_of("agent 1", "agent 1", "agent 2", None),
                    answered_at=start if self.has_answers and self.chance(0.9) else None,
                )
                open_seconds = int((end - start).total_seconds())
                leg["talk_seconds"] = self.one_of(None, open_seconds, open_seconds, open_seconds // 3, 7)
                if leg["talk_seconds"]:
                    leg["hold_seconds"] = self.one_of(None, 0, open_seconds - leg["talk_seconds"], 13)
                self.as_text(leg)

    def visits(self):
        """A customer who comes again and again about one thing, each time an edge after the last end."""
        about = self.one_of(*CATEGORIES[:4])
        # of one who comes for nothing else, no open ticket holds the chain
        self.serial += 1
        alone = self.chance(0.6)
        customer = (f"visitor {self.serial}",) if alone else self.one_of(*CUSTOMERS)
        at = START + datetime.timedelta(days=self.random.randrange(25), seconds=3600 * self.random.randrange(24))
        for _ in range(self.one_of(3, 4, 5)):
            end = at + datetime.timedelta(seconds=self.one_of(0, 60, 600, 4 * 3600))
            kind = self.random.random()
            if kind < 0.7:
                self.serial += 1
                is_answered = self.chance(0.8)
                leg = self.leg(
                    f"visit {self.serial}",
                    1,
                    at,
                    end,
                    customer,
                    about,
                    channel=self.one_of("voice", "chat"),
                    **({} if is_answered else {"answered_at": None, "agent_id": None, "is_abandoned": True}),
                )
                if self.names_tickets and not alone and self.chance(0.3):
                    leg["ticket_id"] = self.quiet_ticket(customer, at + (end - at) / 2, about)["ticket_id"]
            else:
                row = self.quiet_ticket(customer, at, about, end)
                if alone:
                    row["status"], row["resolved_at"] = "resolved", row["updated_at"]
            edge = self.one_of(-60, 1, 900, 901, *(d * 86400 + s for d in (7, 30) for s in (0, 0, 1, 1)))
            at = max(START, end + datetime.timedelta(seconds=edge))

    def quiet_ticket(self, customer=None, created=None, about=None, resolved=None):
        """A ticket with one event at most, else only its own word."""
        self.serial += 1
        created = (created or self.instant()).replace(microsecond=0)
        category, subcategory = about or self.one_of(*CATEGORIES)
        resolved = resolved or created + datetime.timedelta(seconds=self.one_of(0, 60, 86400, 7 * 86400))
        status = self.one_of("resolved", "closed", "closed", "cancelled", "canceled", "open", "new", "odd word")
        row = self.add(
            "tickets",
            ticket_id=f"Q{self.serial}",
            created_at=created,
            updated_at=resolved,
            requester_id=self.identifier(customer),
            channel=self.one_of("phone", "chat", "email", "Portal", None),
            category=category,
            subcategory=subcategory,
            status=status,
            resolved_at=self.one_of(resolved, resolved, None),
            closed_at=self.one_of(resolved + datetime.timedelta(days=1), None),
            account_id=self.one_of("firm", None),
            team_id=self.one_of("front", None),
            assignee_id=self.one_of(*AGENTS),
            sla_policy_id=self.one_of("P1", "P2", None),
            reported_first_contact_resolution=self.one_of(True, False, None),
            problem_id=self.one_of(*PROBLEMS, *[None] * 6),
        )
        if self.chance(0.5):
            self.event(row, resolved, "status", "new", status, "agent", "agent 1", [])
        return row

    def around(self, as_of):
        """Chats and calls that go on at a pinned as_of, or end as it comes."""
        for number in range(12):
            start = as_of - datetime.timedelta(seconds=self.one_of(1, 60, 100, 333))
            end = as_of + datetime.timedelta(seconds=self.one_of(-1, 0, 1, 60))
            leg = self.leg(
                f"around {number}",
                1,
                start,
                end,
                self.one_of(*CUSTOMERS),
                self.one_of(*CATEGORIES),
                channel=self.one_of("chat", "chat", "voice"),
            )
            if self.chance(0.3):
                leg["answered_at"], leg["is_abandoned"] = None, "true"
            elif self.chance(0.2):
                leg["answered_at"] = end.isoformat(" ")
            if leg["talk_seconds"] is None:
                leg["talk_seconds"] = "45"

    def bot_session(self):
        """A session that ends an edge before somebody comes about the same category, or at any time."""
        self.serial += 1
        came = self.random.choice(
            [row for row in self.first["calls"] if row["customer_id"] and row["category"] and row["started_at"]]
            + [row for row in self.first["tickets"] if row["requester_id"] and row["category"]]
        )
        at = datetime.datetime.fromisoformat("2024-03-09 10:00:00")
        with contextlib.suppress(ValueError, TypeError):
            at = datetime.datetime.fromisoformat(came.get("started_at") or came.get("created_at"))
        if not 2020 < at.year < 2030:
            at = START
        edge = self.one_of(-1, 0, 1, 60, 900, 901, *(d * 86400 + s for d in DAYS for s in (-1, 0, 1)))
        end = at - datetime.timedelta(seconds=edge)
        self.add(
            "bot_sessions",
            session_id=f"B{self.serial}",
            customer_id=self.one_of(
                *[came.get("customer_id") or came.get("requester_id")] * 8, None, SHARED_PHONE, "front desk", "nobody"
            ),
            started_at=end - datetime.timedelta(seconds=self.one_of(0, 90, 1000)),
            ended_at=end if self.chance(0.9) else None,
            intent=self.one_of(*[came["category"]] * 6, "other", None),
            is_contained=self.one_of(True, True, True, False, None),
            handed_off_to=self.one_of(None, "desk"),
        )

    def policies(self):
        for policy_id, metric, target, pausing in (
            ("P1", "resolution", "60", None),
            ("P1", "first_reply", "15", None),
            ("P1", "resolve", "1440", None),
            ("P2", "resolution_time", "1440", "pending"),
            ("P3", "next_reply_time", "60", None),
        ):
            self.add(
                "sla_policies",
                policy_id=policy_id,
                metric=metric,
                target_minutes=target,
                pausing_statuses=pausing,
            )

    def problem_records(self):
        """Closed an edge before a ticket names them; one that nobody names, one that is open."""
        for problem_id in (*PROBLEMS, "SAME", "PRB8", "PRB9"):
            named = []
            for row in self.first["tickets"]:
                with contextlib.suppress(ValueError, TypeError):
                    created = datetime.datetime.fromisoformat(row["created_at"])
                    if row["problem_id"] == problem_id and 2020 < created.year < 2030:
                        named.append(created)
            edge = {"PRB1": 0, "PRB2": 1}.get(problem_id)
            if edge is None:
                edge = self.one_of(*(d * 86400 + s for d in DAYS for s in (0, 1)))
            closed = max(START, self.one_of(*named or [START]) - datetime.timedelta(seconds=edge))
            row = self.add(
                "problems",
                problem_id=problem_id,
                opened_at=START,
                closed_at=None if problem_id == "PRB9" else closed,
            )
            if self.chance(0.4):
                # arrival decides
                self.second["problems"].append(row | {"closed_at": (closed + datetime.timedelta(1)).isoformat(" ")})
                if problem_id != "PRB1":
                    self.third["problems"].append(dict(row))

    def business_claim(self):
        self.serial += 1
        claim_type, function, outcomes = self.one_of(
            ("deal_closed", "sales", ("churned", "Refunded ", "contracted", "moved house")),
            ("position_filled", "hr", ("resigned", "failed_probation", "promoted")),
            ("unit_shipped", "operations", ("returned", "reworked")),
            ("invoice_issued", "finance", ("disputed", "credited")),
            ("saving_booked", "service", ("reversed", "realised")),
            ("promise_made", None, ("broken",)),
        )
        until = START + datetime.timedelta(days=45)
        at = START + datetime.timedelta(days=self.random.randrange(-380, 40), seconds=300 * self.random.randrange(200))
        row = self.add(
            "business_claims",
            claim_type=claim_type,
            claim_id=str(self.serial),
            business_function=function,
            unit=self.one_of("north", None),
            subject_id=self.one_of("somebody", None),
            claimed_at=at,
            amount=self.one_of("12.50", None),
        )
        for _ in range(self.one_of(0, 0, 1, 2)):
            edge = self.one_of(-1, 0, 1, *(d * 86400 + s for d in (30, 60, 90, 365) for s in (-1, 0, 1)))
            outcome_at = at + datetime.timedelta(seconds=edge)
            if outcome_at > until:
                continue
            self.one_of(self.first, self.second)["business_outcomes"].append(
                {
                    "claim_type": self.one_of(claim_type, claim_type, claim_type, "deal_closed"),
                    "claim_id": row["claim_id"],
                    "outcome_at": outcome_at.isoformat(" "),
                    "outcome": self.one_of(*outcomes),
                    "amount": self.one_of("3", None),
                }
            )

    def base_period(self):
        """The first contact of all, and some at both edges of its 91 days."""
        for number, at in enumerate(
            (
                START.replace(hour=0, second=1),
                datetime.datetime(2024, 6, 2, 23, 59, 59),
                datetime.datetime(2024, 6, 3),
            )
        ):
            leg = self.leg(f"base {number}", 1, at, at + datetime.timedelta(seconds=60), None, ("pc", None))
            leg["talk_seconds"] = "50"


def make(seed, size, as_of=None):
    """Three deliveries, each {table: [row]}; of what is to be built as of a moment, some lies around it."""
    return Maker(seed).make(size, as_of)


def write(folder, load):
    """One file a table that has rows; what `load` takes."""
    folder.mkdir(parents=True)
    pairs = []
    for table, rows in load.items():
        if rows:
            path = folder / f"{table}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS[table].split())
                writer.writeheader()
                writer.writerows(rows)
            pairs.append(f"{table}={path}")
    return pairs
