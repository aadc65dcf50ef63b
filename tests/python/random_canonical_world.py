"""Small random desks in the raw contract, dense with edges: every new time lies near an earlier one."""

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
SHARED_PHONE = "+4319999999"
CATEGORIES = (("net", None), ("net", "vpn"), ("pc", None), ("order", None), (None, None))
COLUMNS = {
    "tickets": "ticket_id created_at requester_id channel category status updated_at ticket_type subcategory "
    "category_at_open resolution_code created_by_actor_type problem_id parent_ticket_id duplicate_of merged_into "
    "follow_up_of is_test",
    "ticket_events": "event_id ticket_id event_at field new_value event_sequence old_value actor_id actor_type",
    "ticket_messages": "message_id ticket_id sent_at author_type is_public is_automatic",
    "calls": "leg_id contact_id started_at ended_at direction customer_id channel agent_id updated_at leg_number "
    "answered_at ticket_id category subcategory is_abandoned",
    "identities": "customer_id kind value",
    "surveys": "survey_id ticket_id contact_id sent_at answered_at resolved_answer updated_at",
    "categories": "category subcategory is_request valid_from valid_to",
}


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.instants = []
        self.first, self.second = ({table: [] for table in COLUMNS} for _ in range(2))
        self.ticket_ids = []
        self.serial = 0
        # what this desk's tools deliver
        self.names_tickets = seed % 3 != 2
        self.has_answers = seed % 4 != 3
        self.has_messages = seed % 7 != 6
        self.has_surveys = seed % 5 != 4
        self.crowd = seed % 6 == 1

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

    def make(self, size):
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
        return self.first, self.second

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

    def event(self, row, at, field, old, new, actor, actor_id, steps):
        self.serial += 1
        steps.append(
            self.add(
                "ticket_events",
                event_id=f"{row['ticket_id']}/{self.random.randrange(10, 99)}{self.serial}"
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
        if self.chance(0.4):
            created = at + datetime.timedelta(seconds=self.one_of(0, 1, 60, 960, 961))
            row = self.ticket(customer, created, "phone", (before["category"], before["subcategory"]))
            if self.names_tickets:
                leg["ticket_id"] = row["ticket_id"]

    # What goes wrong on the way: copies, later and earlier versions, rows nobody can use

    def dirt(self):
        copied = set()
        for table, rows in self.first.items():
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


def make(seed, size):
    """Two deliveries, each {table: [row]}."""
    return Maker(seed).make(size)


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
