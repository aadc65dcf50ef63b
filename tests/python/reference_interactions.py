"""Handle time, next contacts, chains and expected handle time once more, in plain Python and loops.

Written from the definitions, not from the SQL, on a `reference_canonical.World`. Slow and simple on purpose.
"""

import datetime
import itertools
from collections import Counter, defaultdict
from fractions import Fraction

from reference import DAY
from reference_canonical import SYSTEM, person_key, true

CHAIN_WINDOWS = (7, 30)
CHAIN_FEEDS = ("calls", "tickets_opened", "ticket_events")
RESOLVED = {"resolved", "solved", "closed"}
SHORT_SECONDS = 10
BASE_DAYS = 91


def seconds(later, earlier):
    return int((later - earlier).total_seconds())


def whole(text):
    return None if text is None else int(text)


def half_up(value):
    """A fraction that is not negative, to whole seconds."""
    return int(value + Fraction(1, 2))


def key(number):
    return number and f"{SYSTEM}:{number}"


def lower(text):
    return text and text.strip().lower()


def _channel(text):
    return "voice" if lower(text) in ("phone", "telephone", "call") else lower(text)


class Interactions:
    """Rows of the facts about who came, how often, and what it took."""

    def __init__(self, world):
        self.world = world
        self.branches = world.branches
        self.as_of = world.as_of
        self.legs = [leg for contact in world.contacts.values() for leg in contact["legs"]]
        for leg in self.legs:
            leg["agent"] = leg["agent_id"] and person_key(leg["agent_id"], world.salt)
            leg["answered_"] = world._happened(leg["answered_at"])
            leg["offered_"] = world._happened(leg["offered_at"])
            leg["talk"], leg["hold"], leg["wrap"] = (whole(leg[f"{part}_seconds"]) for part in ("talk", "hold", "wrap"))
            leg["transfer"] = lower(leg["transfer_type"])
        self.says_transfers = {leg["channel"] for leg in self.legs if leg["transfer"]}
        for contact in world.contacts.values():
            for position, leg in enumerate(contact["legs"], 1):
                leg["position"] = position
                leg["handle"] = self._leg_handle(contact, leg)
            self._contact(contact)
        self.by_id = {i["id"]: i for i in world.interactions}
        self._ends_of_tickets()
        self._next_contacts()
        self.members, self.chains = [], []
        for window in CHAIN_WINDOWS:
            self._chains(window)

    # Legs and contacts

    def _leg_handle(self, contact, leg):
        if not contact["inbound"] or leg["direction"] == "outbound":
            self.branches["an outbound leg in an inbound contact"] += contact["inbound"]
            return None
        if not leg["answered"] or leg["talk"] is None:
            return None
        worked = leg["talk"] + (leg["hold"] or 0)
        # what was recorded beyond the time that the chat was open is no overlap
        beyond = 0
        if leg["answered_"] and leg["end"]:
            beyond = max(worked - seconds(leg["end"], leg["answered_"]), 0)
        share = self._share(leg)
        self.branches["more talk than the shared chat was open"] += share < 1 and beyond > 0
        return half_up((worked - beyond) * share) + beyond + (leg["wrap"] or 0)

    def _share(self, leg):
        """Which part of the time that a chat was open is its own."""
        if leg["channel"] != "chat" or leg["agent"] is None or leg["answered_"] is None or leg["end"] is None:
            return Fraction(1)
        start, end = leg["answered_"], leg["end"]
        if start >= end:
            self.branches["a chat of no time"] += 1
            return Fraction(1)
        spans = [
            (other["answered_"], other["end"] or datetime.datetime.max)
            for other in self.legs
            if other["channel"] == "chat" and other["agent"] == leg["agent"] and other["answered_"]
        ]
        own, at, most = Fraction(0), start, 1
        while at < end:
            # an interval holds its first second and not its last
            open_now = sum(begun <= at < ended for begun, ended in spans)
            until = min([end, *(edge for span in spans for edge in span if edge > at)])
            own += Fraction(seconds(until, at), open_now)
            most = max(most, open_now)
            at = until
        self.branches[f"{min(most, 3)} chats at once"] += 1
        self.branches["a chat beside one that goes on at as_of"] += any(
            ended == datetime.datetime.max for begun, ended in spans if begun < end
        )
        self.branches["chats that end as another begins"] += any(
            edge == end and edge == begun for begun, _ in spans for edge in (end,)
        )
        share = own / seconds(end, start)
        self.branches["half a second"] += (share * ((leg["talk"] or 0) + (leg["hold"] or 0))) % 1 == Fraction(1, 2)
        return share

    def _contact(self, contact):
        legs = contact["legs"]
        answered = [leg for leg in legs if leg["answered"]]

        def total(part):
            values = [leg[part] for leg in answered if leg[part] is not None]
            return sum(values) if values else None

        contact["legs_"], contact["answered_legs"] = len(legs), len(answered)
        contact["talk"], contact["hold"], contact["wrap"] = total("talk"), total("hold"), total("wrap")
        contact["handle"] = total("handle")
        contact["consults"] = sum(leg["transfer"] == "consult" for leg in legs)
        contact["transfers"] = 0
        for leg in legs:
            if leg["channel"] in self.says_transfers:
                contact["transfers"] += leg["transfer"] not in (None, "consult")
            elif leg["answered"] and leg is not answered[0]:
                contact["transfers"] += 1
                self.branches["a transfer that no tool says"] += 1
        # of a leg of which nothing is said, who was not answered gave up
        contact["abandoned"] = (
            not answered and contact["end"] is not None and any(leg["is_abandoned"] in (None, "true") for leg in legs)
        )
        self.branches["still waiting at as_of"] += not answered and contact["end"] is None
        self.branches["not answered and not abandoned"] += not answered and not contact["abandoned"]
        offered = legs[0]["offered_"] or legs[0]["start"]
        until = contact["end"] if contact["abandoned"] else None
        if answered:
            until = min((leg["answered_"] for leg in answered if leg["answered_"]), default=None)
        # clocks that disagree tell nothing
        contact["wait"] = None if until is None or until < offered else seconds(until, offered)
        reports = [leg["reported_resolved"] for leg in answered if leg["reported_resolved"]]
        contact["reported"] = true(reports[-1]) if reports else None
        contact["hang_up"] = contact["short_abandon"] = False
        if answered:
            talk = contact["talk"]
            contact["hang_up"] = None if talk is None else talk + (contact["hold"] or 0) < SHORT_SECONDS
            self.branches["hung up at 10 s"] += talk is not None and talk + (contact["hold"] or 0) == SHORT_SECONDS
        if contact["abandoned"]:
            contact["short_abandon"] = None if contact["wait"] is None else contact["wait"] < SHORT_SECONDS
            self.branches["given up at 10 s"] += contact["wait"] == SHORT_SECONDS
        for name in ("hang_up", "short_abandon"):
            self.branches[f"a {name}"] += bool(contact[name])

    def leg_rows(self):
        for contact in self.world.contacts.values():
            for leg in contact["legs"]:
                yield (
                    leg["leg_id"],
                    key(contact["id"]),
                    leg["position"],
                    leg["direction"],
                    leg["channel"],
                    leg["queue"],
                    leg["team_id"],
                    leg["agent"],
                    leg["category"],
                    leg["start"],
                    leg["offered_"],
                    leg["answered_"],
                    leg["end"],
                    leg["answered"],
                    leg["transfer"],
                    leg["disconnected_by"],
                    leg["talk"],
                    leg["hold"],
                    leg["wrap"],
                    leg["handle"],
                )

    # Next contacts

    def _ends_of_tickets(self):
        """A ticket's end is its latest resolution; an open one has not ended."""
        latest = {}
        for episode in self.world.episodes:
            latest[episode["ticket"]] = episode
        self.ticket_end = {}
        for number, ticket in self.world.tickets.items():
            episode, statuses = latest.get(number), ticket["statuses"]
            if episode and episode["ended_at"] is None:
                end, why = episode["resolved_at"], "resolved"
                self.branches["a ticket resolved again"] += not episode["id"].endswith("#1")
            elif statuses:
                is_cancelled = statuses[-1][0] == "cancelled"
                end, why = (statuses[-1][1], "cancelled") if is_cancelled else (None, "open")
            else:
                status = lower(ticket["status"])
                status = {"done": "resolved", "canceled": "cancelled"}.get(status, status)
                end, why = None, "open, by its own word"
                if status in RESOLVED:
                    end = self.world._happened(ticket["resolved_at"] or ticket["closed_at"])
                    why = f"{status}, by its own word"
                    # no word of when: never open, once it says so
                    if not (ticket["resolved_at"] or ticket["closed_at"]):
                        end = self.world._happened(ticket["updated_at"] or ticket["created_at"])
                        why = "resolved, nobody knows when"
                elif status == "cancelled":
                    end, why = self.world._happened(ticket["updated_at"]), "cancelled, by its own word"
            self.ticket_end[number] = end
            self.branches[f"a ticket {why}"] += 1

    def _in_chain(self, interaction):
        customer, contact = interaction["customer"], self.world.contacts.get(interaction["contact"])
        is_inbound = interaction["kind"] != "contact" or contact["inbound"]
        return is_inbound and customer and customer not in self.world.shared and interaction["issue"] is not None

    def _next_contacts(self):
        groups = defaultdict(list)
        for interaction in self.world.interactions:
            interaction |= dict.fromkeys(("previous", "next", "next_at", "to_next", "from_index", "index", "forwarded"))
            if self._in_chain(interaction) and interaction["counted"]:
                groups[interaction["customer"], interaction["issue"]].append(interaction)
        for group in groups.values():
            group.sort(key=lambda i: (i["at"], i["id"]))
            for interaction in group:
                is_contact = interaction["kind"] == "contact"
                interaction["index"] = not is_contact or self.world.contacts[interaction["contact"]]["answered"]
            for one, other in itertools.pairwise(group):
                one["next"], one["next_at"], other["previous"] = other["id"], other["at"], one["id"]
                self.branches["two in the same second"] += one["at"] == other["at"]
                if one["index"] and one["end"]:
                    gap = seconds(other["at"], one["end"])
                    one["to_next"], one["forwarded"], other["from_index"] = gap, gap <= 900, gap
                    self.branches["visits that overlap"] += gap < 0
                    for edge in (900, 901, 7 * 86400, 7 * 86400 + 1, 30 * 86400, 30 * 86400 + 1):
                        self.branches[f"next after {edge} s"] += gap == edge

    # Chains

    def _chains(self, window):
        groups = defaultdict(list)
        for interaction in self.world.interactions:
            if self._in_chain(interaction):
                groups[interaction["customer"], interaction["issue"]].append(interaction)
        for group in groups.values():
            group.sort(key=lambda i: (i["at"], i["id"]))
            chain, latest = [], None
            for interaction in group:
                if chain:
                    gap = interaction["at"] - latest if latest < datetime.datetime.max else None
                    self.branches[f"{window} d: a chain goes on at W"] += gap == window * DAY
                    self.branches[f"{window} d: a chain ends at W + 1 s"] += gap == window * DAY + datetime.timedelta(
                        seconds=1
                    )
                    self.branches["an open ticket holds its chain"] += (
                        gap is None and interaction["at"] - chain[-1]["at"] > window * DAY
                    )
                    if gap is not None and gap > window * DAY:
                        self._chain(window, chain)
                        chain, latest = [], None
                chain.append(interaction)
                # what has not ended goes on for ever
                end = self._end(interaction) or datetime.datetime.max
                self.branches["an earlier visit ends last"] += latest is not None and end < latest
                latest = end if latest is None else max(latest, end)
            self._chain(window, chain)

    def _end(self, interaction):
        if interaction["kind"] == "contact":
            return interaction["end"]
        return self.ticket_end[interaction["ticket"]]

    def _chain(self, window, chain):
        chain_id = f"{window}d/{chain[0]['id']}"
        contacts = [i for i in chain if i["kind"] == "contact"]
        # a contact and the tickets that it opened are one visit, also where the contact itself is in another chain
        visit_of = {}
        agents, tickets = set(), set()
        for interaction in chain:
            visit = interaction["contact"] or interaction["id"]
            is_same = visit in visit_of
            position = visit_of.setdefault(visit, len(visit_of) + 1)
            self.branches["a ticket opened after another visit began"] += position < len(visit_of)
            interaction[f"{window}d"] = (chain_id, position, not is_same)
            self.branches["an uncounted ticket in another chain"] += not interaction["counted"] and not is_same
            self.branches["two tickets of a contact in another chain"] += is_same and all(
                i["contact"] != visit for i in contacts
            )
            gap = interaction["from_index"]
            interaction[f"{window}d repeat"] = gap is not None and 900 < gap <= window * 86400
            if not interaction["counted"]:
                interaction[f"{window}d repeat"] = None
            self.members.append((window, interaction))
            if interaction["kind"] == "contact":
                legs = self.world.contacts[interaction["contact"]]["legs"]
                agents |= {leg["agent"] for leg in legs if leg["answered"]}
            else:
                tickets.add(interaction["ticket"])
        for number in tickets:
            ticket = self.world.tickets[number]
            changes = [event for event in self.world.events[number] if event["field"] == "assignee"]
            given = [change[side] for change in changes for side in ("old_value", "new_value")]
            given.append(ticket["assignee_id"])
            agents |= {name and person_key(name, self.world.salt) for name in given}
        contacts = [self.world.contacts[i["contact"]] for i in contacts]
        handles = [contact["handle"] for contact in contacts if contact["handle"] is not None]
        ends = [self._end(interaction) for interaction in chain]
        first = chain[0]
        self.chains.append(
            (
                chain_id,
                window,
                first["customer"],
                first["issue"],
                first["id"],
                first["kind"],
                SYSTEM,
                first["channel"],
                self._account(first),
                first["category"],
                first["team"],
                first["at"],
                chain[-1]["at"],
                None if None in ends else max(ends),
                len(chain),
                len(visit_of),
                len(tickets),
                len({_channel(i["channel"]) for i in chain if i["counted"]} - {None}),
                len(agents - {None}),
                sum(bool(i[f"{window}d repeat"]) for i in chain),
                sum(contact["transfers"] for contact in contacts) if contacts else None,
                sum(handles) if handles else None,
            )
        )

    def _account(self, interaction):
        tickets = self.world.tickets
        if interaction["kind"] != "contact":
            return tickets[interaction["ticket"]]["account_id"]
        named = tickets.get(interaction["ticket"])
        if named and named["account_id"]:
            return named["account_id"]
        opened = {
            tickets[number]["account_id"]
            for number, contact in self.world.contact_of.items()
            if contact == interaction["contact"]
        } - {None}
        return min(opened) if len(opened) == 1 else None

    def member_rows(self, observed_until, as_of):
        horizon = min([as_of, *(observed_until[feed] for feed in CHAIN_FEEDS if feed in observed_until)])
        for window, interaction in self.members:
            chain_id, position, is_new = interaction[f"{window}d"]
            trigger, mature, gap = None, False, interaction["to_next"]
            if interaction["index"] and interaction["end"]:
                mature = interaction["end"] + window * DAY <= horizon
                if gap is not None and 900 < gap <= window * 86400:
                    trigger = True
                elif mature or (gap is not None and gap <= 900):
                    trigger = False
            if interaction["index"]:
                self.branches[f"{window} d: trigger {trigger}"] += 1
            yield (
                window,
                interaction["id"],
                chain_id,
                position,
                is_new,
                interaction["customer"],
                interaction["issue"],
                interaction["at"],
                interaction[f"{window}d repeat"],
                trigger,
                mature,
            )

    # Interactions

    def _is_request(self, interaction):
        world = self.world
        if interaction["kind"] == "contact":
            contact = world.contacts[interaction["contact"]]
            return world._is_request(contact["category"], contact["subcategory"], contact["start"])
        ticket = world.tickets[interaction["ticket"]]
        if lower(ticket["ticket_type"]) == "request":
            return True
        # a return is about what its ticket was opened for
        about = ticket["opening"]
        return world._is_request(about["category"], about["subcategory"], ticket["created"])

    def interaction_rows(self):
        for i in self.world.interactions:
            contact = self.world.contacts[i["contact"]] if i["kind"] == "contact" else {}
            chain_id, position, _ = i.get("7d") or (None,) * 3
            flag = i["kind"] == "opening" and self.world.tickets[i["ticket"]]["reported_first_contact_resolution"]
            yield (
                i["id"],
                i["kind"],
                key(i["contact"]),
                key(i["ticket"]),
                contact["legs"][0]["direction"] if contact else "inbound",
                i["channel"],
                i["customer"],
                self._account(i),
                i["category"],
                i["issue"],
                i["team"],
                i["at"],
                i["end"],
                i["counted"],
                self._is_request(i),
                contact.get("answered"),
                contact.get("abandoned"),
                contact.get("hang_up"),
                contact.get("short_abandon"),
                contact.get("reported"),
                true(flag) if flag else None,
                contact.get("legs_"),
                contact.get("answered_legs"),
                contact.get("transfers"),
                contact.get("consults"),
                contact.get("wait"),
                contact.get("talk"),
                contact.get("hold"),
                contact.get("wrap"),
                contact.get("handle"),
                chain_id,
                position,
                i["index"],
                i["previous"],
                i["next"],
                i["next_at"],
                i["to_next"],
                i["forwarded"],
            )

    # Expected handle time

    def expected_rows(self):
        handled = [i for i in self.world.interactions if i["kind"] == "contact"]
        handled = [i for i in handled if self.world.contacts[i["contact"]]["handle"] is not None]
        if not handled:
            return
        begin = datetime.datetime.combine(min(i["at"] for i in handled).date(), datetime.time())
        end = begin + BASE_DAYS * DAY
        counts, sums = Counter(), Counter()
        for i in handled:
            self.branches["a contact in the last second of the base"] += end - i["at"] == datetime.timedelta(seconds=1)
            self.branches["a contact as the base ends"] += i["at"] == end
            if i["at"] >= end:
                continue
            category, channel = i["category"] or "(none)", i["channel"] or "(none)"
            order = "unknown"
            if "7d" in i:
                order = "first" if i["7d"][1] == 1 else "repeat"
            for cell in (
                ("category_channel_order", category, channel, order),
                ("category_channel", category, channel, None),
                ("category", category, None, None),
                ("all", None, None, None),
            ):
                counts[cell] += 1
                sums[cell] += self.world.contacts[i["contact"]]["handle"]
        for cell, count in counts.items():
            yield (*cell, begin, end, count, sums[cell])

    # Claims

    def claim_rows(self):
        for claim in self.world.claims:
            about = None
            if claim["kind"] == "contact":
                about = f"contact/{key(claim['contact'])}"
            elif claim["kind"] == "ticket":
                about = f"opening/{key(claim['ticket'])}"
            chain_id, *_ = (about and self.by_id[about].get("7d")) or (None,)
            yield (
                claim["id"],
                claim["type"],
                claim["function"],
                claim["subject"],
                claim["episode"],
                key(claim["contact"]),
                key(claim["ticket"]),
                claim["customer"],
                claim["claimed_at"],
                claim["by"],
                claim["team"],
                claim["category"],
                claim["issue"],
                claim["closure_mode"],
                claim["headline"],
                claim["needs_customer"],
                chain_id,
                *(claim[tier] for tier in ("r1", "r2", "r3", "r4", "r5")),
                *(key(claim[column]) for column in ("r2_ticket", "r3_ticket", "r3_contact")),
            )
