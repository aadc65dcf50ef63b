"""The facts by pandas: `python -m counterweight.dev.bench.by_pandas RAW OUT NOTES.json`.

The rules and the shortcuts of facts.sql. Without pyarrow, pandas cannot read Parquet itself: DuckDB hands it the
columns, and takes its frames to write them. Salt: COUNTERWEIGHT_SALT.
"""

import json
import math
import os
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from counterweight.dev.bench.by_duckdb import quoted
from counterweight.dev.bench.common import CONTRADICTING, open_days, person_keys

RESOLVED = ["resolved", "solved", "closed"]
MACHINES = ["system", "automation"]
HEADLINE = ["confirmed", "silent_auto_close"]
NEVER = pd.Timestamp("9999-01-01")
WEEK = 7 * 86400


def seconds(later, earlier):
    return (later - earlier) / pd.Timedelta(seconds=1)


def issue_of(category, subcategory):
    own = category.str.replace("/", "//", regex=False)
    return own + (" / " + subcategory.str.replace("/", "//", regex=False)).fillna("")


def looked_up(keys, values):
    """The value of each key; null where there is none. Series.map fails on times where no key has one."""
    return pd.Series(values.reindex(keys).array, index=keys.index)


def greatest(*columns):
    return pd.concat(columns, axis=1).max(axis=1)


def least(*columns):
    return pd.concat(columns, axis=1).min(axis=1)


class Facts:
    def __init__(self, raw, out, salt):
        self.raw, self.out, self.salt = Path(raw), Path(out), salt
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set enable_progress_bar = false")

    def read(self, table, *columns, where="true"):
        found = self.duckdb.execute(
            f"select {', '.join(columns)} from read_parquet({quoted(self.raw / f'{table}.parquet')}) where {where}"
        ).df()
        for name in found.columns[found.dtypes.map(str) == "object"]:
            # flags with nulls come as objects: they are compared as True, False or neither
            if found[name].dropna().map(type).eq(bool).all() and found[name].notna().any():
                continue
            found[name] = found[name].astype("str")
        return found

    def write(self, table, frame):
        frame = frame.reset_index(drop=True)
        self.duckdb.register("made", frame)
        columns = ", ".join(
            f"cast({name} as boolean) as {name}" if name.startswith("is_")
            else f"cast({name} as timestamp) as {name}" if name.endswith("_at") or name == "month"
            else name
            for name in frame.columns
        )  # fmt: skip
        self.duckdb.execute(
            f"copy (select {columns} from made) to {quoted(self.out / f'{table}.parquet')} (format parquet)"
        )
        self.duckdb.unregister("made")

    def resolved(self, identifiers):
        """Whom each identifier stands for: itself where nobody lists it, nobody where several customers do."""
        return identifiers.map(self.customers).where(identifiers.isin(self.customers.index), identifiers)

    def people(self):
        listed = self.read("identities", "customer_id", "value")
        owners = pd.concat([
            listed.rename(columns={"value": "identifier"}),
            pd.DataFrame({"identifier": listed["customer_id"], "customer_id": listed["customer_id"]}),
        ]).drop_duplicates()  # fmt: skip
        counts = owners["identifier"].value_counts()
        customers = owners.drop_duplicates("identifier").set_index("identifier")["customer_id"]
        # listed for two customers, a shared telephone: nobody knows who came
        self.customers = customers.where(counts.reindex(customers.index) == 1)

    def of_requests(self, category, subcategory):
        requests = self.read("categories", "category", "subcategory", where="is_request")
        whole = requests.loc[requests["subcategory"].isna(), "category"]
        parts = requests.dropna()
        return category.isin(whole) | (category + "\0" + subcategory).isin(
            parts["category"] + "\0" + parts["subcategory"]
        )

    def tickets_(self):
        raw = self.read(
            "tickets", "ticket_id", "created_at", "updated_at", "requester_id", "channel", "category_at_open",
            "subcategory",
            "problem_id", "parent_ticket_id", "duplicate_of", "merged_into", "follow_up_of", "sla_policy_id",
            "coalesce(is_test, false) as is_test", "resolution_code",
            "coalesce(reported_first_contact_resolution, false) as is_flagged", "created_by_actor_type", "ticket_type",
        )  # fmt: skip
        raw["customer"] = self.resolved(raw["requester_id"])
        raw["issue"] = issue_of(raw["category_at_open"], raw["subcategory"])
        raw["is_spam"] = raw["resolution_code"].eq("spam").fillna(False)
        raw["is_duplicate"] = (
            raw["resolution_code"].eq("duplicate").fillna(False)
            | raw["duplicate_of"].notna()
            | raw["merged_into"].notna()
        )
        raw["is_machine_made"] = raw["created_by_actor_type"].isin(MACHINES)
        raw["is_request"] = raw["ticket_type"].eq("request").fillna(False) | self.of_requests(
            raw["category_at_open"], raw["subcategory"]
        )
        self.tickets = raw.drop(columns=["resolution_code", "created_by_actor_type", "ticket_type", "merged_into"])

    def messages(self):
        self.customer_messages = self.read(
            "ticket_messages", "ticket_id", "sent_at",
            where="author_type = 'requester' and not coalesce(is_automatic, false)",
        ).sort_values("sent_at")  # fmt: skip

    def episodes_(self):
        changes = self.read(
            "ticket_events", "ticket_id", "event_sequence as change_sequence", "new_value as changed_category",
            where="field = 'category'",
        ).sort_values("change_sequence")  # fmt: skip
        words = ", ".join(map(quoted, RESOLVED))
        found = self.read(
            "ticket_events", "ticket_id", "event_sequence", "event_at", "new_value", "old_value", "actor_type",
            "actor_id",
            where=f"field = 'status' and (new_value in ({words}) or old_value in ({words}))",
        )  # fmt: skip
        found["is_closing"] = found["new_value"].eq("closed")
        found["is_resolved"] = found["new_value"].isin(RESOLVED)
        found["is_move"] = found["is_resolved"] != found["old_value"].isin(RESOLVED)
        found = found.merge(self.tickets[["ticket_id", "is_machine_made", "requester_id"]], on="ticket_id")
        is_own = found["actor_id"].eq(found["requester_id"]).fillna(False) | found["actor_type"].eq("requester")
        found["actor"] = found["actor_type"].mask(found["is_machine_made"] & is_own, "monitor")
        found = found.drop(
            columns=["new_value", "old_value", "actor_type", "actor_id", "is_machine_made", "requester_id"]
        )
        by_machine = found[found["is_move"] & found["actor"].isin(MACHINES)].reset_index().sort_values("event_at")
        carried = pd.merge_asof(
            by_machine, self.customer_messages, left_on="event_at", right_on="sent_at", by="ticket_id"
        )
        carried = carried.loc[seconds(carried["event_at"], carried["sent_at"]) <= 600, "index"]
        found.loc[carried, "actor"] = "requester"
        found = found.sort_values(["ticket_id", "event_sequence"]).reset_index(drop=True)
        group = found["ticket_id"]
        moved = found["event_at"].where(found["is_move"])
        found["next_move_at"] = moved.groupby(group, sort=False).bfill().groupby(group, sort=False).shift(-1)
        is_machine = found["actor"].isin(MACHINES)
        is_toggle = (is_machine & found["next_move_at"].notna()) | (
            found["actor"].eq("agent") & (seconds(found["next_move_at"], found["event_at"]) < 300)
        )
        leaves = found["is_move"] & ~found["is_resolved"]
        found["leaving"] = np.select([~leaves, is_toggle, is_machine], ["", "toggle", "machine_end"], default="reopen")
        found["is_end"] = found["leaving"].isin(["reopen", "machine_end"])
        ends = found["is_end"].astype("int64").groupby(group, sort=False).cumsum() - found["is_end"]
        found["episode_number"] = ends + 1
        unit = ["ticket_id", "episode_number"]
        entries = found[found["is_move"] & found["is_resolved"]].drop_duplicates(unit)
        rows = entries[[*unit, "event_sequence", "event_at", "actor"]].rename(
            columns={"event_sequence": "entry_sequence", "event_at": "resolved_at", "actor": "resolved_by"}
        )
        closings = found[found["is_closing"]].drop_duplicates(unit)[[*unit, "event_at"]]
        rows = rows.merge(closings.rename(columns={"event_at": "closed_at"}), on=unit, how="left")
        toggles = found[found["leaving"] == "toggle"].groupby(unit).size().rename("toggle_count").reset_index()
        rows = rows.merge(toggles, on=unit, how="left")
        rows["toggle_count"] = rows["toggle_count"].fillna(0).astype("int64")
        leavings = found[found["is_end"]][[*unit, "event_at", "leaving", "actor"]]
        rows = rows.merge(leavings.rename(columns={"event_at": "left_at"}), on=unit, how="left")
        rows = rows.merge(
            self.tickets[[
                "ticket_id", "customer", "category_at_open", "subcategory", "issue", "is_test", "is_spam",
                "is_duplicate"
            ]],
            on="ticket_id",
        )  # fmt: skip
        rows = pd.merge_asof(
            rows.sort_values("entry_sequence"),
            changes,
            left_on="entry_sequence",
            right_on="change_sequence",
            by="ticket_id",
        )
        is_changed = rows["changed_category"].notna()
        rows["category"] = rows["changed_category"].where(is_changed, rows["category_at_open"])
        rows["issue"] = rows["issue"].mask(is_changed, issue_of(rows["changed_category"], rows["subcategory"]))
        rows["closure_mode"] = np.select(
            [
                rows["is_test"], rows["is_spam"], rows["is_duplicate"],
                rows["resolved_by"].isin([*MACHINES, "monitor"]),
            ],
            ["test", "spam", "duplicate", "silent_auto_close"], default="confirmed",
        )  # fmt: skip
        rows["closure_mode"] = rows["closure_mode"].astype("str")
        rows["ended_at"] = greatest(rows["left_at"], rows["resolved_at"]).where(rows["left_at"].notna())
        is_reopened = rows["leaving"].eq("reopen").fillna(False)
        rows["reopened_at"] = rows["ended_at"].where(is_reopened)
        rows["reopened_by"] = rows["actor"].where(is_reopened)
        rows["episode"] = rows["ticket_id"] + "#" + rows["episode_number"].astype("str")
        self.episodes = rows[[
            "ticket_id", "episode_number", "episode", "customer", "category", "issue", "resolved_at", "resolved_by",
            "closed_at",
            "closure_mode", "toggle_count", "ended_at", "reopened_at", "reopened_by", "entry_sequence",
        ]]  # fmt: skip

    def legs_(self):
        legs = self.read(
            "calls", "leg_id", "contact_id", "leg_number", "direction", "channel", "customer_id", "agent_id",
            "category",
            "subcategory", "ticket_id", "started_at", "answered_at", "ended_at",
            "cast(reported_resolved as double) as reported_resolved", "talk_seconds",
            "talk_seconds + coalesce(hold_seconds, 0) as busy", "coalesce(wrap_seconds, 0) as wrap",
        )  # fmt: skip
        legs["is_answered"] = legs["answered_at"].notna()
        legs["open"] = seconds(legs["ended_at"], legs["answered_at"])
        chats = legs[
            legs["channel"].eq("chat")
            & legs["is_answered"]
            & legs["agent_id"].notna()
            & (legs["ended_at"].isna() | (legs["answered_at"] < legs["ended_at"]))
        ]
        # how many chats an agent has open changes at these moments only; 27720 is divisible by every number up to
        # twelve
        begins = chats[["agent_id", "leg_id"]].assign(at=chats["answered_at"], opened=1)
        ends = chats[["agent_id", "leg_id"]].assign(at=chats["ended_at"], opened=-1).dropna(subset="at")
        moments = pd.concat([begins, ends]).sort_values(["agent_id", "at", "opened", "leg_id"]).reset_index(drop=True)
        agents = moments.groupby("agent_id", sort=False)
        count = agents["opened"].cumsum()
        until = seconds(agents["at"].shift(-1), moments["at"]).fillna(0).astype("int64")
        part = (27720 * until // count.where(count != 0, 1)).where(count != 0, 0)
        clock = part.groupby(moments["agent_id"], sort=False).cumsum() - part
        units = (-1 * moments["opened"] * clock).groupby(moments["leg_id"]).sum()
        units = legs["leg_id"].map(units)
        is_shared = units.notna()
        handle = legs["busy"] + legs["wrap"]
        own, worth, open_ = (
            values[is_shared].astype("int64") for values in (legs["busy"].fillna(0), units, legs["open"].fillna(1))
        )
        inside = np.minimum(own, open_)
        handle[is_shared] = (
            (2 * (inside * (worth // open_) + inside * (worth % open_) // open_) + 27720) // 55440
            + np.maximum(own - open_, 0)
            + legs.loc[is_shared, "wrap"]
        ).where(legs.loc[is_shared, "busy"].notna())
        legs["handle"] = handle.where(legs["is_answered"] & legs["direction"].ne("outbound"))
        self.legs = legs.sort_values(["contact_id", "leg_number"]).reset_index(drop=True)

    def contacts_(self):
        legs = self.legs
        answered = legs[legs["is_answered"]].drop_duplicates("contact_id").set_index("contact_id")
        by_contact = legs.groupby("contact_id", sort=False)
        joined = by_contact.agg(
            direction=("direction", "first"),
            started_at=("started_at", "min"),
            ended_at=("ended_at", "max"),
            ended_legs=("ended_at", "count"),
            legs=("leg_id", "size"),
            is_answered=("is_answered", "any"),
            handle=("handle", "sum"),
            handled_legs=("handle", "count"),
        )
        joined["ended_at"] = joined["ended_at"].where(joined["ended_legs"] == joined["legs"])
        for column in ("customer_id", "ticket_id"):
            # GroupBy.first passes over nulls
            stated = answered[column].reindex(joined.index)
            joined[column] = stated.where(stated.notna(), by_contact[column].first())
        known = legs[legs["category"].notna()].drop_duplicates("contact_id").set_index("contact_id")
        stated = answered["category"].reindex(joined.index)
        joined["category"] = stated.where(stated.notna(), known["category"].reindex(joined.index))
        joined["subcategory"] = (
            answered["subcategory"]
            .reindex(joined.index)
            .where(stated.notna(), known["subcategory"].reindex(joined.index))
        )
        said = legs[legs["is_answered"] & legs["reported_resolved"].notna()].drop_duplicates("contact_id", keep="last")
        joined["is_reported"] = said.set_index("contact_id")["reported_resolved"].reindex(joined.index).eq(1)
        unrecorded = legs.loc[
            legs["is_answered"] & legs["talk_seconds"].isna() & legs["direction"].ne("outbound"), "contact_id"
        ]
        is_known = (joined["handled_legs"] > 0) & ~joined.index.isin(unrecorded) & joined["direction"].eq("inbound")
        joined["handle"] = joined["handle"].where(is_known)
        joined["customer"] = self.resolved(joined["customer_id"])
        own = joined.drop(columns=["ended_legs", "legs", "handled_legs", "customer_id"]).reset_index()
        del self.legs, legs, by_contact
        # a ticket that was created in an inbound contact, or up to 15 minutes after it
        inbound = own.loc[
            own["direction"].eq("inbound"), ["contact_id", "ticket_id", "customer", "started_at", "ended_at"]
        ]
        same_until = inbound["ended_at"] + pd.Timedelta(minutes=15)
        inbound = inbound.assign(same_until=same_until.fillna(pd.Timestamp("2200-01-01")))
        tickets = self.tickets[["ticket_id", "created_at", "customer", "channel"]].rename(
            columns={"customer": "opener"}
        )

        def within(frame, preference):
            fits = (frame["created_at"] >= frame["started_at"]) & (frame["created_at"] <= frame["same_until"])
            return frame.loc[fits, ["ticket_id", "opener", "contact_id", "started_at"]].assign(preference=preference)

        named = within(inbound.dropna(subset="ticket_id").drop(columns="customer").merge(tickets, on="ticket_id"), 1)
        unnamed = inbound[inbound["ticket_id"].isna() & inbound["customer"].notna()].drop(columns="ticket_id")
        spoken = tickets[
            tickets["channel"].isin(["phone", "telephone", "call", "voice", "chat"]) & tickets["opener"].notna()
        ]
        unnamed = within(unnamed.merge(spoken, left_on="customer", right_on="opener"), 2)
        self.same = (
            pd.concat([named, unnamed])
            .sort_values(["preference", "started_at", "contact_id"], ascending=[True, False, True])
            .drop_duplicates("ticket_id")
            .rename(columns={"contact_id": "same_contact", "started_at": "called_at"})
            .drop(columns="preference")
        )
        openers = self.same.dropna(subset="opener").groupby("same_contact")["opener"].agg(["min", "nunique"])
        openers = openers.loc[openers["nunique"] == 1, "min"]
        own["customer"] = own["customer"].where(own["customer"].notna(), own["contact_id"].map(openers))
        own["issue"] = issue_of(own["category"], own["subcategory"])
        own["is_request"] = self.of_requests(own["category"], own["subcategory"])
        self.contacts = own.drop(columns="subcategory")

    def interactions_(self):
        last = self.episodes.sort_values(["ticket_id", "episode_number"]).drop_duplicates("ticket_id", keep="last")
        ends = last["resolved_at"].where(last["ended_at"].isna())
        ends.index = last["ticket_id"]
        columns = [
            "interaction_id", "kind", "contact_id", "ticket_id", "direction", "customer", "category", "issue",
            "started_at",
            "ended_at", "issue_ended_at", "is_counted", "is_request", "is_index", "handle", "called_at",
        ]  # fmt: skip
        contacts = self.contacts.assign(
            interaction_id="contact/canonical:" + self.contacts["contact_id"],
            kind="contact",
            issue_ended_at=self.contacts["ended_at"],
            is_counted=self.contacts["direction"].eq("inbound"),
            is_index=self.contacts["is_answered"],
            called_at=self.contacts["started_at"],
        )
        openings = self.tickets.merge(self.same.drop(columns="opener"), on="ticket_id", how="left")
        openings = openings.assign(
            interaction_id="opening/canonical:" + openings["ticket_id"],
            kind="opening",
            contact_id=openings["same_contact"],
            direction="inbound",
            category=openings["category_at_open"],
            started_at=openings["created_at"],
            ended_at=openings["created_at"],
            issue_ended_at=looked_up(openings["ticket_id"], ends),
            is_counted=openings["same_contact"].isna(),
            is_index=True,
            handle=np.nan,
        )
        returns = self.episodes[self.episodes["reopened_by"].eq("requester")].merge(
            self.tickets[["ticket_id", "is_request"]], on="ticket_id"
        )
        returns = returns.assign(
            interaction_id="return/canonical:" + returns["episode"],
            kind="return",
            contact_id=pd.Series(index=returns.index, dtype="str"),
            direction="inbound",
            started_at=returns["reopened_at"],
            ended_at=returns["reopened_at"],
            issue_ended_at=looked_up(returns["ticket_id"], ends),
            is_counted=True,
            is_index=True,
            handle=np.nan,
            called_at=pd.NaT,
        )
        returns["called_at"] = returns["called_at"].astype(contacts["called_at"].dtype)
        self.interactions = pd.concat([part[columns] for part in (contacts, openings, returns)], ignore_index=True)
        volumes = self.interactions.loc[self.interactions["is_counted"], "customer"].value_counts()
        ordered = np.sort(volumes.to_numpy())

        def discrete(share):
            return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]

        self.shared = volumes.index[(volumes > discrete(0.999)) & (volumes > 4 * discrete(0.99))]

    def hashing(self):
        sessions = self.resolved(self.read("bot_sessions", "customer_id")["customer_id"])
        known = pd.concat([self.tickets["customer"], self.contacts["customer"], sessions]).dropna().unique()
        self.keys = pd.Series(person_keys(known, self.salt), index=known, dtype="str")

    def chains(self):
        found = self.interactions
        found = found[
            found["direction"].eq("inbound")
            & found["customer"].notna()
            & found["issue"].notna()
            & ~found["customer"].isin(self.shared)
        ].sort_values(["customer", "issue", "started_at", "interaction_id"])
        found = found.drop(columns=["kind", "ticket_id", "direction", "category", "is_request", "handle", "called_at"])
        found = found.reset_index(drop=True)
        part = found.groupby(["customer", "issue"], sort=False).ngroup()
        counted = found["is_counted"]
        identity = found["interaction_id"].where(counted)
        started = found["started_at"].where(counted)
        previous = identity.groupby(part).ffill().groupby(part).shift(1)
        following = identity.groupby(part).bfill().groupby(part).shift(-1)
        next_at = started.groupby(part).bfill().groupby(part).shift(-1)
        latest = found["issue_ended_at"].fillna(NEVER).groupby(part).cummax().groupby(part).shift(1)
        goes_on = seconds(found["started_at"], latest) <= WEEK
        number = (~goes_on).cumsum()
        first = found["interaction_id"].where(~goes_on).ffill()
        visit = found["contact_id"].where(found["contact_id"].notna(), found["interaction_id"])
        is_new = found["contact_id"].isna() | ~pd.DataFrame({"chain": number, "visit": visit}).duplicated()
        visits = is_new.astype("int64").groupby(number).cumsum()
        self.members = pd.DataFrame({
            "interaction_id": found["interaction_id"],
            "chain_id": "7d/" + first,
            "chain_position": visits.groupby([number, visit]).transform("min"),
            "is_index": found["is_index"].astype("object").where(counted, None),
            "previous_interaction_id": previous.where(counted),
            "next_interaction_id": following.where(counted),
            "next_started_at": next_at.where(counted),
            "seconds_to_next": seconds(next_at, found["ended_at"]).where(counted & found["is_index"]),
        })  # fmt: skip

    def fct_interactions(self):
        found = self.interactions.drop(columns="is_index").merge(self.members, on="interaction_id", how="left")
        del self.members
        found["contact_key"] = "canonical:" + found["contact_id"]
        found["ticket_key"] = "canonical:" + found["ticket_id"]
        found["customer_key"] = found["customer"].map(self.keys)
        found = found.rename(columns={"issue": "issue_key", "handle": "contact_handle_seconds"})
        self.write("fct_interactions", found[[
            "interaction_id", "kind", "contact_key", "ticket_key", "customer_key", "issue_key", "started_at",
            "ended_at",
            "is_counted", "contact_handle_seconds", "chain_id", "chain_position", "is_index", "previous_interaction_id",
            "next_interaction_id", "next_started_at", "seconds_to_next",
        ]])  # fmt: skip

    def fct_resolution_episodes(self):
        found = self.episodes.assign(
            episode_id="canonical:" + self.episodes["episode"],
            ticket_key="canonical:" + self.episodes["ticket_id"],
            customer_key=self.episodes["customer"].map(self.keys),
        )
        self.write("fct_resolution_episodes", found[[
            "episode_id", "ticket_key", "episode_number", "customer_key", "category", "resolved_at", "resolved_by",
            "closure_mode", "closed_at", "toggle_count", "ended_at", "reopened_at", "reopened_by",
        ]])  # fmt: skip

    def clocks(self):
        reach = self.tickets["created_at"].min().date(), self.tickets[["created_at", "updated_at"]].max().max().date()
        days = pd.DataFrame(
            open_days(
                pd.DataFrame(self.read("calendars", "*")).to_dict("records"),
                pd.DataFrame(self.read("holidays", "*")).to_dict("records"),
                *reach,
            )
        )
        days["day"] = pd.to_datetime(days["day"]).astype("datetime64[us]")
        days["opens_at"] = pd.to_datetime(days["opens_at"]).astype("datetime64[us]")
        policies = self.read(
            "sla_policies", "policy_id as sla_policy_id", "calendar_id", "target_minutes * 60 as target",
            where="metric = 'resolution'",
        )  # fmt: skip
        stops = self.episodes.loc[self.episodes["episode_number"] == 1, ["ticket_id", "entry_sequence", "resolved_at"]]
        stops = stops.merge(self.tickets[["ticket_id", "created_at", "sla_policy_id"]], on="ticket_id")
        stops = stops.merge(policies, on="sla_policy_id")
        paused = "('pending', 'on_hold')"
        pauses = self.read(
            "ticket_events", "ticket_id", "event_sequence", "event_at", f"new_value in {paused} as pauses",
            where=f"field = 'status' and coalesce(old_value in {paused}, false) <> (new_value in {paused})",
        ).merge(stops, on="ticket_id")  # fmt: skip
        pauses = pauses[pauses["event_sequence"] <= pauses["entry_sequence"]]
        # the clock from creation to resolution, less what it showed at the end of each pause, and more what at its
        # beginning
        readings = pd.concat([
            stops[["ticket_id", "calendar_id"]].assign(at=stops["resolved_at"], sign=1),
            stops[["ticket_id", "calendar_id"]].assign(at=stops["created_at"], sign=-1),
            pauses[["ticket_id", "calendar_id"]].assign(
                at=greatest(least(pauses["event_at"], pauses["resolved_at"]), pauses["created_at"]),
                sign=np.where(pauses["pauses"], 1, -1),
            ),
        ])  # fmt: skip
        readings["day"] = readings["at"].dt.normalize()
        readings = readings.merge(days, on=["calendar_id", "day"])
        since = seconds(readings["at"], readings["opens_at"]).fillna(0)
        shown = readings["open_before"] + np.minimum(np.maximum(since, 0), readings["open_seconds"])
        running = (readings["sign"] * shown).groupby(readings["ticket_id"]).sum()
        met = stops["ticket_id"].map(running) <= stops["target"]
        self.met = stops.loc[met, "ticket_id"]

    def claims_(self):
        columns = ["claim_key", "episode", "contact_id", "ticket_id", "customer", "claimed_at", "issue", "closure_mode"]

        def none(frame):
            return pd.Series(index=frame.index, dtype="str")

        episodes = self.episodes.assign(
            claim_key="canonical:" + self.episodes["episode"], claimed_at=self.episodes["resolved_at"],
            contact_id=none(self.episodes),
        )  # fmt: skip
        first = episodes[episodes["episode_number"] == 1]
        first = first.assign(claim_key="canonical:" + first["ticket_id"])
        flagged = self.tickets.loc[self.tickets["is_flagged"], "ticket_id"]
        handled = self.contacts[
            self.contacts["direction"].eq("inbound") & self.contacts["is_answered"] & self.contacts["ended_at"].notna()
        ]
        handled = handled.assign(
            claim_key="canonical:" + handled["contact_id"], claimed_at=handled["ended_at"], episode=none(handled),
            closure_mode=none(handled),
        )  # fmt: skip
        sessions = self.read(
            "bot_sessions", "session_id", "customer_id", "ended_at", "intent",
            where="is_contained and ended_at is not null",
        )  # fmt: skip
        empty = none(sessions)
        contained = sessions.assign(
            claim_key="canonical:" + sessions["session_id"], claimed_at=sessions["ended_at"], episode=empty,
            contact_id=empty,
            ticket_id=empty, closure_mode=empty, issue=sessions["intent"].str.replace("/", "//", regex=False),
            customer=self.resolved(sessions["customer_id"]),
        )  # fmt: skip
        parts = {
            "ticket_resolved": episodes,
            "first_contact_resolved": first[first["ticket_id"].isin(flagged)],
            "sla_met": first[first["ticket_id"].isin(self.met)],
            "contact_handled": handled,
            "call_resolved": handled[handled["is_reported"]],
            "contained_by_bot": contained,
        }
        self.claims = {name: part[columns].assign(claim_type=name) for name, part in parts.items()}

    def returns(self):
        found = self.interactions
        # what a customer came for, with whatever can never be a return left out
        found = found[
            found["kind"].isin(["contact", "opening"])
            & found["direction"].eq("inbound")
            & found["customer"].notna()
            & found["issue"].notna()
            & ~found["is_request"]
            & ~found["customer"].isin(self.shared)
        ]
        about = self.tickets[["ticket_id", "parent_ticket_id", "problem_id"]].assign(
            never=self.tickets["is_request"] | self.tickets["is_test"] | self.tickets["is_spam"]
        )
        found = found.merge(about, on="ticket_id", how="left")
        found = found[~found["never"].eq(True)]
        found = found.assign(category=found["category"].str.replace("/", "//", regex=False)).sort_values("started_at")
        found = found[[
            "kind", "customer", "issue", "category", "started_at", "ticket_id", "contact_id", "called_at",
            "parent_ticket_id",
            "problem_id",
        ]]  # fmt: skip
        origin = self.tickets[["ticket_id", "parent_ticket_id", "problem_id"]].rename(
            columns={"ticket_id": "claim_ticket", "parent_ticket_id": "claim_parent", "problem_id": "claim_problem"}
        )
        inferred = []
        for name, claims in self.claims.items():
            # of claims of one instant the last by its name is the latest
            latest = claims[
                claims["customer"].notna()
                & claims["issue"].notna()
                & (claims["closure_mode"].isin(HEADLINE) | claims["closure_mode"].isna())
            ].sort_values("claim_key")
            latest = latest.drop_duplicates(["customer", "issue", "claimed_at"], keep="last").sort_values("claimed_at")
            latest = latest.assign(is_of_episode=latest["episode"].notna()).rename(
                columns={"ticket_id": "claim_ticket", "contact_id": "claim_contact"}
            )
            latest = latest.drop(columns=["episode", "closure_mode", "claim_type"])
            coming = found
            if name == "contained_by_bot":
                coming = found.drop(columns="issue").rename(columns={"category": "issue"})
            pairs = pd.merge_asof(
                coming, latest, left_on="started_at", right_on="claimed_at", by=["customer", "issue"],
                allow_exact_matches=False,
            )  # fmt: skip
            pairs = pairs[pairs["claim_key"].notna()].merge(origin, on="claim_ticket", how="left")

            def same(left, right, pairs=pairs):
                return pairs[left].notna() & pairs[right].notna() & pairs[left].eq(pairs[right])

            excluded = (
                same("parent_ticket_id", "claim_parent")
                | same("problem_id", "claim_problem")
                # the ticket's own opening, and a contact that names it (R4)
                | (pairs["is_of_episode"].eq(True) & same("ticket_id", "claim_ticket"))
                | (pairs["kind"].eq("opening") & same("contact_id", "claim_contact"))
                | (pairs["claim_contact"].notna() & seconds(pairs["called_at"], pairs["claimed_at"]).between(0, 900))
            )
            earliest = pairs[~excluded].groupby("claim_key")["started_at"].min().rename("first_r3_at").reset_index()
            inferred.append(earliest.assign(claim_type=name))
        self.inferred = pd.concat(inferred)

    def falsifiers_(self):
        episodes = self.episodes[["episode", "ticket_id", "resolved_at", "ended_at"]].sort_values("resolved_at")
        linked = pd.concat([
            self.tickets.loc[
                self.tickets[column].notna() & self.tickets[column].ne(self.tickets["ticket_id"]),
                [column, "created_at"],
            ].rename(columns={column: "ticket_id"})
            for column in ("follow_up_of", "duplicate_of", "parent_ticket_id")
        ])  # fmt: skip
        linked = episodes.merge(linked, on="ticket_id")
        linked = linked[linked["resolved_at"] < linked["created_at"]].groupby("episode")["created_at"].min()
        contacts = self.contacts
        voiced = pd.concat([
            self.customer_messages.rename(columns={"sent_at": "voiced_at"}),
            contacts.loc[
                contacts["direction"].eq("inbound") & contacts["ticket_id"].notna(), ["ticket_id", "started_at"]
            ].rename(columns={"started_at": "voiced_at"}),
        ]).sort_values("voiced_at")  # fmt: skip
        first_voiced = pd.merge_asof(
            episodes, voiced, left_on="resolved_at", right_on="voiced_at", by="ticket_id", direction="forward",
            allow_exact_matches=False,
        )  # fmt: skip
        is_heard = first_voiced["voiced_at"].notna() & (
            first_voiced["ended_at"].isna() | (first_voiced["voiced_at"] < first_voiced["ended_at"])
        )
        first_voiced = first_voiced[is_heard].set_index("episode")["voiced_at"]
        answers = self.read(
            "surveys", "ticket_id", "answered_at", where="resolved_answer = 'no' and ticket_id is not null"
        ).sort_values("answered_at")
        # the answer speaks of the latest claim before it
        answers = pd.merge_asof(
            answers, episodes, left_on="answered_at", right_on="resolved_at", by="ticket_id", allow_exact_matches=False
        )
        answers = answers.dropna(subset="episode").groupby("episode")["answered_at"].min()
        found = self.episodes[["episode"]].assign(first_r1_at=self.episodes["reopened_at"])
        for name, times in {"first_r2_at": linked, "first_r4_at": first_voiced, "of_ticket": answers}.items():
            found[name] = looked_up(found["episode"], times)
        self.falsifiers = found

    def fct_claims(self):
        answers = self.read(
            "surveys", "contact_id", "answered_at", where="resolved_answer = 'no' and contact_id is not null"
        ).merge(self.contacts[["contact_id", "ended_at"]], on="contact_id")
        of_contacts = answers[answers["ended_at"] < answers["answered_at"]].groupby("contact_id")["answered_at"].min()
        problems = self.read("problems", "problem_id", "closed_at as claimed_at", where="closed_at is not null")
        named = problems.merge(self.tickets[["problem_id", "created_at"]].dropna(), on="problem_id")
        named = named[named["claimed_at"] < named["created_at"]].groupby("problem_id")["created_at"].min()
        claims = pd.concat(self.claims.values(), ignore_index=True)
        claims = claims.merge(self.falsifiers, on="episode", how="left")
        claims = claims.merge(self.inferred, on=["claim_type", "claim_key"], how="left")
        of_contact = looked_up(claims["contact_id"], of_contacts)
        claims["first_r5_at"] = claims["of_ticket"].where(claims["of_ticket"].notna(), of_contact)
        claims["claim_id"] = claims["claim_type"] + "/" + claims["claim_key"]
        claims["episode_id"] = "canonical:" + claims["episode"]
        claims["customer_key"] = claims["customer"].map(self.keys)
        closed = problems.assign(
            claim_type="problem_closed", claim_id="problem_closed/canonical:" + problems["problem_id"],
            first_r2_at=looked_up(problems["problem_id"], named),
        )  # fmt: skip
        business = self.read("business_claims", "claim_type", "claim_id", "claimed_at")
        unit = ["claim_type", "claim_id"]
        outcomes = self.read("business_outcomes", *unit, "outcome_at", "outcome").merge(
            pd.DataFrame(CONTRADICTING, columns=["claim_type", "outcome"]), on=["claim_type", "outcome"]
        )
        outcomes = outcomes.merge(business, on=unit)
        outcomes = outcomes[outcomes["claimed_at"] < outcomes["outcome_at"]]
        outcomes = outcomes.groupby(unit)["outcome_at"].min().rename("first_r2_at").reset_index()
        business = business.merge(outcomes, on=unit, how="left")
        kind = business["claim_type"]
        business["claim_id"] = kind + "/canonical:" + kind + ":" + business["claim_id"]
        claims = pd.concat(
            [claims.rename(columns={"issue": "issue_key"}), closed, business], ignore_index=True
        )[[
            "claim_id", "claim_type", "episode_id", "customer_key", "claimed_at", "issue_key", "closure_mode",
            "first_r1_at",
            "first_r2_at", "first_r3_at", "first_r4_at", "first_r5_at",
        ]]  # fmt: skip
        self.write("fct_claims", claims)
        self.all_claims = claims

    def return_rate(self):
        def latest(table, *columns):
            path = quoted(self.raw / f"{table}.parquet")
            one = f"greatest({', '.join(columns)})"
            return self.duckdb.execute(f"select max({one}) from read_parquet({path})").fetchone()[0]

        def day_after(at):
            return pd.Timestamp(at).normalize() + pd.Timedelta(days=1)

        changed = latest("ticket_events", "event_at")
        as_of = max(
            latest("tickets", "created_at", "updated_at"), changed, latest("ticket_messages", "sent_at"),
            latest("calls", "started_at", "ended_at"), latest("surveys", "sent_at", "eligible_at", "answered_at"),
            latest("bot_sessions", "started_at", "ended_at"), latest("business_outcomes", "outcome_at"),
        )  # fmt: skip
        until = min(
            day_after(latest("tickets", "created_at")), day_after(changed), day_after(latest("calls", "started_at")),
            pd.Timestamp(as_of),
        )  # fmt: skip
        found = self.all_claims
        found = found[found["claim_type"].eq("ticket_resolved") & found["closure_mode"].isin(HEADLINE)]
        shared = self.keys.reindex(self.shared)
        is_observable = found["customer_key"].notna() & ~found["customer_key"].isin(shared)
        falsified_at = least(found["first_r1_at"], found["first_r2_at"], found["first_r3_at"])
        month = found["claimed_at"].dt.to_period("M").dt.to_timestamp()
        parts = []
        for days in (1, 7, 14, 30):
            is_judged = is_observable & (seconds(until, found["claimed_at"]) >= days * 86400)
            cells = pd.DataFrame({
                "month": month,
                "claim_count": 1,
                "cohort_count": is_judged.astype("int64"),
                "reopened_count": is_judged & (seconds(found["first_r1_at"], found["claimed_at"]) <= days * 86400),
                "falsified_count": is_judged & (seconds(falsified_at, found["claimed_at"]) <= days * 86400),
            })  # fmt: skip
            parts.append(cells.groupby("month").sum().reset_index().assign(window_days=days))
        self.write("return_rate", pd.concat(parts))

    STEPS = (
        people, tickets_, messages, episodes_, legs_, contacts_, interactions_, hashing, chains, fct_interactions,
        fct_resolution_episodes, clocks, claims_, returns, falsifiers_, fct_claims, return_rate,
    )  # fmt: skip


def make(raw, out, salt):
    """Make the facts of the Parquet files in `raw` in the folder `out`; [{step, seconds, cpu_seconds}]."""
    Path(out).mkdir(parents=True, exist_ok=True)
    facts = Facts(raw, out, salt)
    taken = []
    for step in Facts.STEPS:
        wall, cpu = time.perf_counter(), time.process_time()
        step(facts)
        taken.append({
            "step": step.__name__.strip("_"),
            "seconds": round(time.perf_counter() - wall, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
        })  # fmt: skip
    return taken


def main():
    raw, out, notes = sys.argv[1:]
    taken = make(raw, out, os.environ["COUNTERWEIGHT_SALT"])
    Path(notes).write_text(json.dumps({"steps": taken}), encoding="utf-8")


if __name__ == "__main__":
    main()
