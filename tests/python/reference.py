"""The rules of resolution claims once more, in plain Python and loops, straight from a ServiceNow log.

Written from the definitions, not from the SQL, so that the two can disagree. Slow and simple on purpose.
"""

import csv
import datetime
import gzip
import statistics
from collections import Counter, defaultdict

RESOLVED = {"resolved", "closed"}
MACHINES = {"system", "updated by 908"}
WINDOWS = (1, 7, 14, 30)
DAY = datetime.timedelta(days=1)


def moment(text):
    return datetime.datetime.strptime(text, "%d/%m/%Y %H:%M")


def known(text):
    text = (text or "").strip()
    return None if text in ("", "?") else text


def read(path):
    """Usable changes by incident, in order; and how many rows were not used, by reason."""
    fates = Counter()
    seen = set()
    tickets = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            content = tuple(sorted(row.items()))
            if content in seen:
                fates["exact_duplicate"] += 1
                continue
            seen.add(content)
            if moment(row["sys_updated_at"]) < moment(row["opened_at"]):
                fates["quarantined"] += 1
                continue
            fates["used"] += 1
            tickets[row["number"]].append(row)
    for changes in tickets.values():
        changes.sort(key=lambda row: (int(row["sys_mod_count"]), moment(row["sys_updated_at"])))
    return tickets, fates


def issue(row):
    category, subcategory = known(row["category"]), known(row["subcategory"])
    if category is None:
        return None
    words = [category] if subcategory is None else [category, subcategory]
    return " / ".join(word.replace("/", "//") for word in words)


def person(name):
    name = known(name)
    return name.lower() if name else None


def episodes_of(number, changes):
    """Resolution episodes of one incident; nobody in these logs is known to be an agent."""
    moves = []
    before = None
    for row in changes:
        now = row["incident_state"].strip().lower()
        if (before in RESOLVED) != (now in RESOLVED):
            moves.append(("in" if now in RESOLVED else "out", row))
        before = now
    episodes = []
    current = None
    counts = Counter()
    for position, (kind, row) in enumerate(moves):
        by_machine = row["sys_updated_by"].strip().lower() in MACHINES
        if kind == "in":
            if current is None:
                current = {
                    "ticket": number,
                    "number": len(episodes) + 1,
                    "claimed_at": moment(row["sys_updated_at"]),
                    "silent": by_machine,
                    "issue": issue(row),
                    "team": known(row["assignment_group"]),
                    "from": changes.index(row),
                    "r1": None,
                }
                episodes.append(current)
            continue
        counts["moves"] += 1
        returns = position + 1 < len(moves)
        if by_machine and returns:
            counts["toggles"] += 1
            continue
        if by_machine:
            counts["machine ends"] += 1
        else:
            counts["reopens"] += 1
            # the number says after: not before, whatever the clock says
            current["r1"] = max(moment(row["sys_updated_at"]), current["claimed_at"])
        current["to"] = changes.index(row)
        current = None
    for episode in episodes:
        span = changes[episode["from"] : episode.get("to", len(changes))]
        closings = [moment(row["sys_updated_at"]) for row in span if row["incident_state"].strip().lower() == "closed"]
        episode["closed_at"] = min(closings, default=None)
    return episodes, counts


def last_dense_day(moments):
    """The last day whose volume and whose seven days reach a tenth of what dense days before had."""
    volumes = Counter(at.date() for at in moments)
    first, last = min(volumes), max(volumes)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    dense, sums = [], {}
    for day in days:
        sums[day] = sum(volumes.get(day - n * DAY, 0) for n in range(7))
        same_weekday = [volumes[d] for d in dense if d.weekday() == day.weekday()][-4:]
        recent = [sums[d] for d in dense][-28:]
        if (
            volumes.get(day, 0) > 0
            and (not same_weekday or 10 * volumes[day] >= statistics.median(same_weekday))
            and (not recent or 10 * sums[day] >= statistics.median(recent))
        ):
            dense.append(day)
    return dense[-1]


def shared_callers(openings):
    volumes = sorted(Counter(caller for caller in openings if caller).values())

    def discrete(share):
        # the smallest value that at least this share of the customers do not exceed
        return next(v for n, v in enumerate(volumes, 1) if n >= share * len(volumes))

    limit_p999, limit_p99 = discrete(0.999), discrete(0.99)
    counts = Counter(caller for caller in openings if caller)
    return {caller for caller, n in counts.items() if n > limit_p999 and n > 4 * limit_p99}


def claims_of(path):
    """Every claim with its falsifiers, coverage and counts: what the warehouse has to agree with."""
    tickets, fates = read(path)
    episodes, counts = [], Counter()
    opened, caller, opening_issue, parent, problem = {}, {}, {}, {}, {}
    for number, changes in tickets.items():
        found, moves = episodes_of(number, changes)
        episodes += found
        counts += moves
        opened[number] = min(moment(row["opened_at"]) for row in changes)
        caller[number] = person(changes[-1]["caller_id"])
        opening_issue[number] = issue(changes[0])
        parent[number] = known(changes[-1].get("parent_incident"))
        problem[number] = known(changes[-1]["problem_id"])
    shared = shared_callers(caller.values())
    children = defaultdict(list)
    for number, origin in parent.items():
        if origin:
            children[origin].append(opened[number])
    by_customer = defaultdict(list)
    for episode in episodes:
        number = episode["ticket"]
        episode["customer"] = caller[number]
        episode["observable"] = caller[number] is not None and caller[number] not in shared
        episode["r2"] = min((at for at in children[number] if at > episode["claimed_at"]), default=None)
        episode["r3"] = None
        if caller[number] and episode["issue"]:
            by_customer[caller[number], episode["issue"]].append(episode)
    for number, at in sorted(opened.items()):
        if not caller[number] or caller[number] in shared or not opening_issue[number]:
            continue
        earlier = [e for e in by_customer[caller[number], opening_issue[number]] if e["claimed_at"] < at]
        if not earlier:
            continue
        latest = max(earlier, key=lambda e: (e["claimed_at"], f"{e['ticket']}#{e['number']}"))
        origin = latest["ticket"]
        if parent[number] and parent[number] == parent[origin]:
            continue
        if problem[number] and problem[number] == problem[origin]:
            continue
        latest["r3"] = min(latest["r3"] or at, at)
    events = [event for changes in tickets.values() for event in event_moments(changes)]
    as_of = max(moment(row["sys_updated_at"]) for changes in tickets.values() for row in changes)
    horizon = min(
        datetime.datetime.combine(last_dense_day(opened.values()) + DAY, datetime.time()),
        datetime.datetime.combine(last_dense_day(events) + DAY, datetime.time()),
        as_of,
    )
    return {"claims": episodes, "counts": counts, "fates": fates, "horizon": horizon, "as_of": as_of, "shared": shared}


def event_moments(changes):
    """When a field changed, one entry a field, as the events feed counts them."""
    fields = ("incident_state", "assigned_to", "assignment_group", "priority", "category", "subcategory")
    before = None
    for row in changes:
        at = moment(row["sys_updated_at"])
        for field in fields:
            value = person(row[field]) if field == "assigned_to" else known(row[field])
            if before is None:
                if field == "incident_state":
                    yield at
                continue
            earlier = person(before[field]) if field == "assigned_to" else known(before[field])
            if value != earlier and not (field == "incident_state" and value is None):
                yield at
        before = row


def verdict(claim, horizon, window, tiers=("r1", "r2", "r3")):
    """(is_mature, verdict, falsified_at) of one claim."""
    limit = claim["claimed_at"] + window * DAY
    falsifiers = [claim[tier] for tier in tiers if claim[tier] is not None and claim[tier] <= limit]
    mature = limit <= horizon
    falsified_at = min(falsifiers, default=None)
    if mature and not claim["observable"]:
        return mature, "unobservable", falsified_at
    if falsifiers:
        return mature, "falsified", falsified_at
    return mature, "held" if mature else "pending", falsified_at
