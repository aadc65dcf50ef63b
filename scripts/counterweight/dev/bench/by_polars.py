"""The facts by Polars: `python -m counterweight.dev.bench.by_polars RAW OUT NOTES.json`.

The rules and the shortcuts of facts.sql. Each step is a lazy query that the streaming engine collects; what the next
steps need stays in memory. Polars has no SHA-256: people are hashed by Python, each once. Salt: COUNTERWEIGHT_SALT.
"""

import datetime
import json
import math
import os
import sys
import time
from pathlib import Path

import polars as pl

from counterweight.dev.bench.common import CONTRADICTING, open_days, person_keys

RESOLVED = ["resolved", "solved", "closed"]
MACHINES = ["system", "automation"]
HEADLINE = ["confirmed", "silent_auto_close"]
NEVER = datetime.datetime(9999, 1, 1)
WEEK = 7 * 86400


def seconds(later, earlier):
    return (pl.col(later) - pl.col(earlier)).dt.total_seconds()


def key(column):
    return pl.lit("canonical:") + pl.col(column)


def issue_of(category, subcategory):
    own = category.str.replace_all("/", "//", literal=True)
    return own + pl.coalesce(pl.lit(" / ") + subcategory.str.replace_all("/", "//", literal=True), pl.lit(""))


class Facts:
    def __init__(self, raw, out, salt):
        self.raw, self.out, self.salt = Path(raw), Path(out), salt

    def read(self, table, *columns):
        return pl.scan_parquet(self.raw / f"{table}.parquet").select(*columns)

    def write(self, table, frame):
        frame.collect(engine="streaming").write_parquet(self.out / f"{table}.parquet")

    def resolved(self, frame, column):
        """The frame with `customer`, whom the identifier in the column stands for."""
        return (
            frame.join(self.identifiers, left_on=column, right_on="identifier", how="left")
            .with_columns(
                customer=pl.when(pl.col("is_listed")).then(pl.col("listed_customer")).otherwise(pl.col(column))
            )
            .drop("listed_customer", "is_listed")
        )

    def people(self):
        listed = self.read("identities", "customer_id", "value")
        owners = pl.concat([
            listed.select(identifier="value", customer="customer_id"),
            listed.select(identifier="customer_id", customer="customer_id"),
        ])  # fmt: skip
        self.identifiers = (
            owners.group_by("identifier")
            .agg(first=pl.col("customer").min(), last=pl.col("customer").max())
            .select(
                "identifier",
                # listed for two customers, a shared telephone: nobody knows who came
                listed_customer=pl.when(pl.col("first") == pl.col("last")).then(pl.col("first")),
                is_listed=pl.lit(True),
            )
            .collect(engine="streaming")
            .lazy()
        )

    def tickets_(self):
        raw = self.read(
            "tickets", "ticket_id", "created_at", "updated_at", "requester_id", "channel", "category_at_open",
            "subcategory",
            "problem_id", "parent_ticket_id", "duplicate_of", "merged_into", "follow_up_of", "sla_policy_id", "is_test",
            "resolution_code", "reported_first_contact_resolution", "created_by_actor_type", "ticket_type",
        )  # fmt: skip
        code = pl.col("resolution_code")
        self.tickets = (
            self.resolved(raw, "requester_id")
            .with_columns(
                issue=issue_of(pl.col("category_at_open"), pl.col("subcategory")),
                is_test=pl.col("is_test").fill_null(False),
                is_spam=(code == "spam").fill_null(False),
                is_duplicate=(code == "duplicate").fill_null(False)
                | pl.col("duplicate_of").is_not_null()
                | pl.col("merged_into").is_not_null(),
                is_flagged=pl.col("reported_first_contact_resolution").fill_null(False),
                is_machine_made=pl.col("created_by_actor_type").is_in(MACHINES),
                is_request=(pl.col("ticket_type") == "request").fill_null(False) | self.of_requests("category_at_open"),
            )
            .drop(
                "resolution_code",
                "reported_first_contact_resolution",
                "created_by_actor_type",
                "ticket_type",
                "merged_into",
            )
            .collect(engine="streaming")
            .lazy()
        )

    def of_requests(self, category):
        """Whether the category, or the subcategory in it, is a request."""
        found = (
            pl.scan_parquet(self.raw / "categories.parquet")
            .filter(pl.col("is_request"))
            .select("category", "subcategory")
            .collect()
            .rows()
        )
        whole = [name for name, part in found if part is None]
        parts = [f"{name}\0{part}" for name, part in found if part is not None]
        named = (pl.col(category) + pl.lit("\0") + pl.col("subcategory")).is_in(parts).fill_null(False)
        return pl.col(category).is_in(whole).fill_null(False) | named

    def messages(self):
        self.customer_messages = (
            self.read("ticket_messages", "ticket_id", "sent_at", "author_type", "is_automatic")
            .filter((pl.col("author_type") == "requester") & ~pl.col("is_automatic").fill_null(False))
            .select("ticket_id", "sent_at")
            .collect(engine="streaming")
            .sort("sent_at")
            .lazy()
        )

    def episodes_(self):
        events = self.read(
            "ticket_events", "ticket_id", "event_sequence", "event_at", "field", "new_value", "old_value", "actor_type",
            "actor_id",
        )  # fmt: skip
        changes = (
            events.filter(pl.col("field") == "category")
            .select("ticket_id", "event_sequence", changed_category="new_value")
            .collect(engine="streaming")
            .sort("event_sequence")
            .lazy()
        )
        machine_made = self.tickets.select("ticket_id", "is_machine_made", "requester_id")
        found = (
            events.filter(
                (pl.col("field") == "status")
                & (pl.col("new_value").is_in(RESOLVED) | pl.col("old_value").is_in(RESOLVED).fill_null(False))
            )
            .with_columns(
                is_closing=pl.col("new_value") == "closed",
                is_resolved=pl.col("new_value").is_in(RESOLVED),
                was_resolved=pl.col("old_value").is_in(RESOLVED).fill_null(False),
            )
            .join(machine_made, on="ticket_id")
            .with_columns(
                is_move=pl.col("is_resolved") != pl.col("was_resolved"),
                named_actor=pl.when(
                    pl.col("is_machine_made")
                    & (
                        (pl.col("actor_id") == pl.col("requester_id")).fill_null(False)
                        | (pl.col("actor_type") == "requester")
                    )
                )
                .then(pl.lit("monitor"))
                .otherwise(pl.col("actor_type")),
            )
            .select("ticket_id", "event_sequence", "event_at", "is_closing", "is_resolved", "is_move", "named_actor")
            .collect(engine="streaming")
            .lazy()
        )
        carried = (
            found.filter(pl.col("is_move") & pl.col("named_actor").is_in(MACHINES))
            .sort("event_at")
            .join_asof(
                self.customer_messages, left_on="event_at", right_on="sent_at", by="ticket_id", strategy="backward",
                coalesce=False, check_sortedness=False,
            )
            .filter(seconds("event_at", "sent_at") <= 600)
            .select("ticket_id", "event_sequence", is_carried=pl.lit(True))
        )  # fmt: skip
        actor = pl.col("actor")
        moves = (
            found.join(carried, on=["ticket_id", "event_sequence"], how="left")
            .with_columns(
                actor=pl.when(pl.col("is_carried")).then(pl.lit("requester")).otherwise(pl.col("named_actor"))
            )
            .sort("ticket_id", "event_sequence")
            .with_columns(
                next_move_at=pl.when(pl.col("is_move"))
                .then(pl.col("event_at"))
                .backward_fill()
                .shift(-1)
                .over("ticket_id")
            )
            .with_columns(
                leaving=pl.when(~pl.col("is_move") | pl.col("is_resolved"))
                .then(pl.lit(None, pl.String))
                .when(
                    (actor.is_in(MACHINES) & pl.col("next_move_at").is_not_null())
                    | ((actor == "agent") & (seconds("next_move_at", "event_at") < 300).fill_null(False))
                )
                .then(pl.lit("toggle"))
                .when(actor.is_in(MACHINES))
                .then(pl.lit("machine_end"))
                .otherwise(pl.lit("reopen"))
            )
            .with_columns(is_end=pl.col("leaving").is_in(["reopen", "machine_end"]).fill_null(False))
            .with_columns(
                episode_number=(
                    1 + pl.col("is_end").cast(pl.Int32).cum_sum().shift(1).over("ticket_id").fill_null(0)
                ).cast(pl.Int32)
            )
        )
        entry = pl.col("is_move") & pl.col("is_resolved")
        ended = pl.col("is_end")
        rows = (
            moves.group_by("ticket_id", "episode_number", maintain_order=True)
            .agg(
                entry_sequence=pl.col("event_sequence").filter(entry).first(),
                resolved_at=pl.col("event_at").filter(entry).first(),
                resolved_by=pl.col("actor").filter(entry).first(),
                closed_at=pl.col("event_at").filter(pl.col("is_closing")).first(),
                toggle_count=(pl.col("leaving") == "toggle").sum().cast(pl.Int32),
                left_at=pl.col("event_at").filter(ended).first(),
                leaving=pl.col("leaving").filter(ended).first(),
                reopened_by=pl.col("actor").filter(pl.col("leaving") == "reopen").first(),
            )
            .filter(pl.col("entry_sequence").is_not_null())
        )
        category = pl.col("changed_category")
        self.episodes = (
            rows.join(
                self.tickets.select(
                    "ticket_id", "customer", "category_at_open", "subcategory", "issue", "is_test", "is_spam",
                    "is_duplicate"
                ),
                on="ticket_id",
            )
            .sort("entry_sequence")
            .join_asof(
                changes, left_on="entry_sequence", right_on="event_sequence", by="ticket_id", strategy="backward",
                coalesce=False, check_sortedness=False,
            )
            .select(
                "ticket_id", "episode_number", "customer", "resolved_at", "resolved_by", "closed_at", "toggle_count",
                "reopened_by", "entry_sequence",
                episode=pl.col("ticket_id") + pl.lit("#") + pl.col("episode_number").cast(pl.String),
                category=pl.coalesce(category, pl.col("category_at_open")),
                issue=pl.when(category.is_null())
                .then(pl.col("issue"))
                .otherwise(issue_of(category, pl.col("subcategory"))),
                closure_mode=pl.when(pl.col("is_test"))
                .then(pl.lit("test"))
                .when(pl.col("is_spam"))
                .then(pl.lit("spam"))
                .when(pl.col("is_duplicate"))
                .then(pl.lit("duplicate"))
                .when(pl.col("resolved_by").is_in([*MACHINES, "monitor"]))
                .then(pl.lit("silent_auto_close"))
                .otherwise(pl.lit("confirmed")),
                ended_at=pl.when(pl.col("left_at").is_not_null()).then(pl.max_horizontal("left_at", "resolved_at")),
                reopened_at=pl.when(pl.col("leaving") == "reopen").then(pl.max_horizontal("left_at", "resolved_at")),
            )
            .collect(engine="streaming")
            .lazy()
        )  # fmt: skip

    def legs_(self):
        legs = self.read(
            "calls", "leg_id", "contact_id", "leg_number", "direction", "channel", "customer_id", "agent_id",
            "category",
            "subcategory", "ticket_id", "started_at", "answered_at", "ended_at", "reported_resolved", "talk_seconds",
            "hold_seconds", "wrap_seconds",
        ).with_columns(
            is_answered=pl.col("answered_at").is_not_null(),
            busy=pl.col("talk_seconds").cast(pl.Int64) + pl.col("hold_seconds").fill_null(0),
            wrap=pl.col("wrap_seconds").cast(pl.Int64).fill_null(0),
            open=seconds("ended_at", "answered_at"),
        )  # fmt: skip
        chats = legs.filter(
            (pl.col("channel") == "chat")
            & pl.col("is_answered")
            & pl.col("agent_id").is_not_null()
            & (pl.col("ended_at").is_null() | (pl.col("answered_at") < pl.col("ended_at")))
        )
        # how many chats an agent has open changes at these moments only; 27720 is divisible by every number up to
        # twelve
        shares = (
            pl.concat([
                chats.select("agent_id", "leg_id", at="answered_at", opened=pl.lit(1, pl.Int64)),
                chats.filter(pl.col("ended_at").is_not_null()).select(
                    "agent_id", "leg_id", at="ended_at", opened=pl.lit(-1, pl.Int64)
                ),
            ])
            .sort("agent_id", "at", "opened", "leg_id")
            .with_columns(
                open_chats=pl.col("opened").cum_sum().over("agent_id"),
                until_next=(pl.col("at").shift(-1).over("agent_id") - pl.col("at")).dt.total_seconds(),
            )
            .with_columns(
                part=pl.when(pl.col("open_chats") != 0)
                .then(27720 * pl.col("until_next") // pl.col("open_chats"))
                .otherwise(0)
                .fill_null(0)
            )
            .with_columns(clock=pl.col("part").cum_sum().shift(1).over("agent_id").fill_null(0))
            .group_by("leg_id")
            .agg(units=(-1 * pl.col("opened") * pl.col("clock")).sum())
        )  # fmt: skip
        least = pl.min_horizontal("busy", "open")
        units, open_ = pl.col("units"), pl.col("open")
        shared = (
            (2 * (least * (units // open_) + least * (units % open_) // open_) + 27720) // 55440
            + pl.max_horizontal(pl.col("busy") - open_, 0)
            + pl.col("wrap")
        )
        self.legs = (
            legs.join(shares, on="leg_id", how="left")
            .with_columns(
                handle=pl.when(~pl.col("is_answered") | (pl.col("direction") == "outbound") | pl.col("busy").is_null())
                .then(None)
                .when(units.is_null())
                .then(pl.col("busy") + pl.col("wrap"))
                .otherwise(shared)
            )
            .sort("contact_id", "leg_number")
            .collect(engine="streaming")
            .lazy()
        )

    def contacts_(self):
        answered = pl.col("is_answered")

        def stated(column):
            value = pl.col(column)
            return pl.coalesce(value.filter(answered).first(), value.drop_nulls().first())

        known = pl.col("category").is_not_null()
        unrecorded = (answered & pl.col("talk_seconds").is_null() & (pl.col("direction") != "outbound")).any()
        joined = self.legs.group_by("contact_id", maintain_order=True).agg(
            direction=pl.col("direction").first(),
            category=stated("category"),
            answered_category=pl.col("category").filter(answered).first(),
            answered_subcategory=pl.col("subcategory").filter(answered).first(),
            first_subcategory=pl.col("subcategory").filter(known).first(),
            customer_id=stated("customer_id"),
            ticket_id=stated("ticket_id"),
            started_at=pl.col("started_at").min(),
            ended_at=pl.when(pl.col("ended_at").is_not_null().all()).then(pl.col("ended_at").max()),
            is_answered=answered.any(),
            reported_resolved=pl.col("reported_resolved").filter(answered).drop_nulls().last(),
            handle=pl.when(~unrecorded & pl.col("handle").is_not_null().any()).then(pl.col("handle").sum()),
        )
        own = (
            self.resolved(joined, "customer_id")
            .with_columns(
                subcategory=pl.when(pl.col("answered_category").is_not_null())
                .then(pl.col("answered_subcategory"))
                .otherwise(pl.col("first_subcategory")),
                handle=pl.when(pl.col("direction") == "inbound").then(pl.col("handle")),
                same_until=pl.col("ended_at").dt.offset_by("15m").fill_null(NEVER),
            )
            .drop("answered_category", "answered_subcategory", "first_subcategory")
            .collect(engine="streaming")
            .lazy()
        )
        del self.legs
        # a ticket that was created in an inbound contact, or up to 15 minutes after it
        inbound = own.filter(pl.col("direction") == "inbound")
        within = (pl.col("created_at") >= pl.col("started_at")) & (pl.col("created_at") <= pl.col("same_until"))
        opened = self.tickets.select("ticket_id", "created_at", opener="customer")
        named = (
            inbound.filter(pl.col("ticket_id").is_not_null())
            .select("ticket_id", "contact_id", "started_at", "same_until")
            .join(opened, on="ticket_id")
            .filter(within)
            .with_columns(preference=pl.lit(1))
        )
        unnamed = (
            inbound.filter(pl.col("ticket_id").is_null() & pl.col("customer").is_not_null())
            .select("contact_id", "started_at", "same_until", opener="customer")
            .join(
                self.tickets.filter(pl.col("channel").is_in(["phone", "telephone", "call", "voice", "chat"])).select(
                    "ticket_id", "created_at", opener="customer"
                ),
                on="opener",
            )
            .filter(within)
            .with_columns(preference=pl.lit(2))
        )
        columns = ["ticket_id", "opener", "contact_id", "started_at", "preference"]
        self.same = (
            pl.concat([named.select(columns), unnamed.select(columns)])
            .sort(["preference", "started_at", "contact_id"], descending=[False, True, False])
            .unique("ticket_id", keep="first", maintain_order=True)
            .select("ticket_id", "opener", same_contact="contact_id", called_at="started_at")
            .collect(engine="streaming")
            .lazy()
        )
        openers = (
            self.same.group_by("same_contact")
            .agg(first=pl.col("opener").min(), last=pl.col("opener").max())
            .select(
                contact_id="same_contact", of_ticket=pl.when(pl.col("first") == pl.col("last")).then(pl.col("first"))
            )
        )
        self.contacts = (
            own.join(openers, on="contact_id", how="left")
            .with_columns(
                customer=pl.coalesce("customer", "of_ticket"),
                issue=issue_of(pl.col("category"), pl.col("subcategory")),
                is_request=self.of_requests("category"),
            )
            .drop("customer_id", "same_until", "of_ticket", "subcategory")
            .collect(engine="streaming")
            .lazy()
        )

    def interactions_(self):
        ends = (
            self.episodes.sort("ticket_id", "episode_number")
            .group_by("ticket_id", maintain_order=True)
            .agg(
                issue_ended_at=pl.when(pl.col("ended_at").last().is_null()).then(pl.col("resolved_at").last()),
            )
        )
        columns = [
            "interaction_id", "kind", "contact_id", "ticket_id", "direction", "customer", "category", "issue",
            "started_at",
            "ended_at", "issue_ended_at", "is_counted", "is_request", "is_index", "handle", "called_at",
        ]  # fmt: skip
        contacts = self.contacts.with_columns(
            interaction_id=pl.lit("contact/canonical:") + pl.col("contact_id"),
            kind=pl.lit("contact"),
            issue_ended_at=pl.col("ended_at"),
            is_counted=pl.col("direction") == "inbound",
            is_index=pl.col("is_answered"),
            called_at=pl.col("started_at"),
        )
        openings = (
            self.tickets.join(self.same.drop("opener"), on="ticket_id", how="left")
            .join(ends, on="ticket_id", how="left")
            .with_columns(
                interaction_id=pl.lit("opening/canonical:") + pl.col("ticket_id"),
                kind=pl.lit("opening"),
                contact_id=pl.col("same_contact"),
                direction=pl.lit("inbound"),
                category=pl.col("category_at_open"),
                started_at=pl.col("created_at"),
                ended_at=pl.col("created_at"),
                is_counted=pl.col("same_contact").is_null(),
                is_index=pl.lit(True),
                handle=pl.lit(None, pl.Int64),
            )
        )
        returns = (
            self.episodes.filter(pl.col("reopened_by") == "requester")
            .drop("ended_at")
            .join(self.tickets.select("ticket_id", "is_request"), on="ticket_id")
            .join(ends, on="ticket_id", how="left")
            .with_columns(
                interaction_id=pl.lit("return/canonical:") + pl.col("episode"),
                kind=pl.lit("return"),
                contact_id=pl.lit(None, pl.String),
                direction=pl.lit("inbound"),
                started_at=pl.col("reopened_at"),
                ended_at=pl.col("reopened_at"),
                is_counted=pl.lit(True),
                is_index=pl.lit(True),
                handle=pl.lit(None, pl.Int64),
                called_at=pl.lit(None, pl.Datetime("us")),
            )
        )
        self.interactions = (
            pl.concat([part.select(columns) for part in (contacts, openings, returns)])
            .collect(engine="streaming")
            .lazy()
        )
        volumes = (
            self.interactions.filter(pl.col("is_counted") & pl.col("customer").is_not_null())
            .group_by("customer")
            .agg(volume=pl.len())
            .collect(engine="streaming")
        )
        ordered = volumes["volume"].sort()

        def discrete(share):
            return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]

        self.shared = volumes.filter(
            (pl.col("volume") > discrete(0.999)) & (pl.col("volume") > 4 * discrete(0.99))
        ).select("customer")

    def hashing(self):
        sessions = self.resolved(self.read("bot_sessions", "customer_id"), "customer_id")
        known = (
            pl.concat([frame.select("customer") for frame in (self.tickets, self.contacts, sessions)])
            .unique()
            .drop_nulls()
            .collect(engine="streaming")["customer"]
        )
        self.keys = pl.LazyFrame({"customer": known, "customer_key": person_keys(known.to_list(), self.salt)})

    def chains(self):
        part = ["customer", "issue"]
        counted = pl.col("is_counted")
        identity = pl.when(counted).then(pl.col("interaction_id"))
        ordered = (
            self.interactions.filter(
                (pl.col("direction") == "inbound") & pl.col("customer").is_not_null() & pl.col("issue").is_not_null()
            )
            .join(self.shared.lazy(), on="customer", how="anti")
            .select(
                "interaction_id", "customer", "issue", "started_at", "ended_at", "issue_ended_at", "is_counted",
                "is_index",
                "contact_id",
            )
            .sort("customer", "issue", "started_at", "interaction_id")
            .with_columns(
                previous_interaction_id=identity.forward_fill().shift(1).over(part),
                next_interaction_id=identity.backward_fill().shift(-1).over(part),
                next_started_at=pl.when(counted).then(pl.col("started_at")).backward_fill().shift(-1).over(part),
                latest_end=pl.col("issue_ended_at").fill_null(NEVER).cum_max().shift(1).over(part),
            )
            .with_columns(
                first=pl.when((seconds("started_at", "latest_end") <= WEEK).fill_null(False))
                .then(None)
                .otherwise(pl.col("interaction_id"))
                .forward_fill()
                .over(part),
                visit=pl.coalesce("contact_id", "interaction_id"),
            )
            .with_columns(
                is_new_visit=pl.col("contact_id").is_null() | pl.struct("first", "visit").is_first_distinct()
            )
            .with_columns(visits=pl.col("is_new_visit").cast(pl.Int32).cum_sum().over("first"))
        )  # fmt: skip
        self.members = (
            ordered.select(
                "interaction_id",
                chain_id=pl.lit("7d/") + pl.col("first"),
                chain_position=pl.col("visits").min().over("first", "visit"),
                is_index=pl.when(counted).then(pl.col("is_index")),
                previous_interaction_id=pl.when(counted).then(pl.col("previous_interaction_id")),
                next_interaction_id=pl.when(counted).then(pl.col("next_interaction_id")),
                next_started_at=pl.when(counted).then(pl.col("next_started_at")),
                seconds_to_next=pl.when(counted & pl.col("is_index")).then(seconds("next_started_at", "ended_at")),
            )
            .collect(engine="streaming")
            .lazy()
        )

    def fct_interactions(self):
        self.write(
            "fct_interactions",
            self.interactions.drop("is_index")
            .join(self.members, on="interaction_id", how="left")
            .join(self.keys, on="customer", how="left")
            .select(
                "interaction_id", "kind", "customer_key", "started_at", "ended_at", "is_counted", "chain_id",
                "chain_position",
                "is_index", "previous_interaction_id", "next_interaction_id", "next_started_at", "seconds_to_next",
                contact_key=key("contact_id"),
                ticket_key=key("ticket_id"),
                issue_key=pl.col("issue"),
                contact_handle_seconds=pl.col("handle"),
            ),
        )  # fmt: skip
        del self.members

    def fct_resolution_episodes(self):
        self.write(
            "fct_resolution_episodes",
            self.episodes.join(self.keys, on="customer", how="left").select(
                "episode_number", "customer_key", "category", "resolved_at", "resolved_by", "closure_mode", "closed_at",
                "toggle_count", "ended_at", "reopened_at", "reopened_by",
                episode_id=key("episode"),
                ticket_key=key("ticket_id"),
            ),
        )  # fmt: skip

    def clocks(self):
        reach = self.tickets.select(
            first=pl.col("created_at").min(), last=pl.max_horizontal("created_at", "updated_at").max()
        ).collect()
        days = pl.LazyFrame(
            open_days(
                pl.read_parquet(self.raw / "calendars.parquet").to_dicts(),
                pl.read_parquet(self.raw / "holidays.parquet").to_dicts(),
                reach["first"][0].date(), reach["last"][0].date(),
            ),
            schema={
                "calendar_id": pl.String, "day": pl.Date, "opens_at": pl.Datetime("us"), "open_seconds": pl.Int64,
                "open_before": pl.Int64,
            },
        )  # fmt: skip
        policies = (
            pl.scan_parquet(self.raw / "sla_policies.parquet")
            .filter(pl.col("metric") == "resolution")
            .select("calendar_id", sla_policy_id="policy_id", target=pl.col("target_minutes").cast(pl.Int64) * 60)
        )
        stops = (
            self.episodes.filter(pl.col("episode_number") == 1)
            .select("ticket_id", "entry_sequence", "resolved_at")
            .join(self.tickets.select("ticket_id", "created_at", "sla_policy_id"), on="ticket_id")
            .join(policies, on="sla_policy_id")
            .collect(engine="streaming")
            .lazy()
        )
        paused = ["pending", "on_hold"]
        pauses = (
            self.read("ticket_events", "ticket_id", "event_sequence", "event_at", "field", "new_value", "old_value")
            .filter(
                (pl.col("field") == "status")
                & (pl.col("old_value").is_in(paused).fill_null(False) != pl.col("new_value").is_in(paused))
            )
            .join(stops, on="ticket_id")
            .filter(pl.col("event_sequence") <= pl.col("entry_sequence"))
            .select(
                "ticket_id",
                "calendar_id",
                at=pl.max_horizontal(pl.min_horizontal("event_at", "resolved_at"), "created_at"),
                sign=pl.when(pl.col("new_value").is_in(paused)).then(1).otherwise(-1).cast(pl.Int64),
            )
        )
        # the clock from creation to resolution, less what it showed at the end of each pause, and more what at its
        # beginning
        readings = pl.concat([
            stops.select("ticket_id", "calendar_id", at="resolved_at", sign=pl.lit(1, pl.Int64)),
            stops.select("ticket_id", "calendar_id", at="created_at", sign=pl.lit(-1, pl.Int64)),
            pauses,
        ]).with_columns(day=pl.col("at").dt.date())  # fmt: skip
        since = (pl.col("at") - pl.col("opens_at")).dt.total_seconds()
        running = (
            readings.join(days, on=["calendar_id", "day"])
            .with_columns(
                shown=pl.col("open_before")
                + pl.min_horizontal(pl.max_horizontal(since, pl.lit(0)), "open_seconds")
                * pl.col("opens_at").is_not_null()
            )
            .group_by("ticket_id")
            .agg(running=(pl.col("sign") * pl.col("shown")).sum())
        )
        self.met = (
            stops.join(running, on="ticket_id")
            .filter(pl.col("running") <= pl.col("target"))
            .select("ticket_id")
            .collect(engine="streaming")
            .lazy()
        )

    def claims_(self):
        columns = [
            "claim_type", "claim_key", "episode", "contact_id", "ticket_id", "customer", "claimed_at", "issue",
            "closure_mode"
        ]  # fmt: skip
        none = pl.lit(None, pl.String)
        episodes = self.episodes.with_columns(
            claim_key=key("episode"), claimed_at=pl.col("resolved_at"), contact_id=none
        )
        first = episodes.filter(pl.col("episode_number") == 1).with_columns(claim_key=key("ticket_id"))
        flagged = self.tickets.filter(pl.col("is_flagged")).select("ticket_id")
        handled = self.contacts.filter(
            (pl.col("direction") == "inbound") & pl.col("is_answered") & pl.col("ended_at").is_not_null()
        ).with_columns(claim_key=key("contact_id"), claimed_at=pl.col("ended_at"), episode=none, closure_mode=none)
        sessions = self.read("bot_sessions", "session_id", "customer_id", "ended_at", "intent", "is_contained").filter(
            pl.col("is_contained") & pl.col("ended_at").is_not_null()
        )
        contained = self.resolved(sessions, "customer_id").with_columns(
            claim_key=key("session_id"), claimed_at=pl.col("ended_at"), episode=none, contact_id=none, ticket_id=none,
            closure_mode=none, issue=pl.col("intent").str.replace_all("/", "//", literal=True),
        )  # fmt: skip
        parts = {
            "ticket_resolved": episodes,
            "first_contact_resolved": first.join(flagged, on="ticket_id"),
            "sla_met": first.join(self.met, on="ticket_id"),
            "contact_handled": handled,
            "call_resolved": handled.filter(pl.col("reported_resolved")),
            "contained_by_bot": contained,
        }
        self.claims = {
            name: part.with_columns(claim_type=pl.lit(name)).select(columns).collect(engine="streaming").lazy()
            for name, part in parts.items()
        }

    def returns(self):
        about = self.tickets.select(
            "ticket_id",
            "parent_ticket_id",
            "problem_id",
            never=pl.col("is_request") | pl.col("is_test") | pl.col("is_spam"),
        )
        # what a customer came for, with whatever can never be a return left out
        comebacks = (
            self.interactions.filter(
                pl.col("kind").is_in(["contact", "opening"])
                & (pl.col("direction") == "inbound")
                & pl.col("customer").is_not_null()
                & pl.col("issue").is_not_null()
                & ~pl.col("is_request")
            )
            .join(self.shared.lazy(), on="customer", how="anti")
            .join(about, on="ticket_id", how="left")
            .filter(~pl.col("never").fill_null(False))
            .select(
                "kind", "customer", "issue", "started_at", "ticket_id", "contact_id", "parent_ticket_id", "problem_id",
                "called_at", category=pl.col("category").str.replace_all("/", "//", literal=True),
            )
            .collect(engine="streaming")
            .sort("started_at")
            .lazy()
        )  # fmt: skip
        origin = self.tickets.select(
            claim_ticket="ticket_id", claim_parent="parent_ticket_id", claim_problem="problem_id"
        )

        def same(left, right):
            return (pl.col(left) == pl.col(right)).fill_null(False)

        found = []
        for name, claims in self.claims.items():
            # of claims of one instant the last by its name is the latest
            latest = (
                claims.filter(
                    pl.col("customer").is_not_null()
                    & pl.col("issue").is_not_null()
                    & pl.col("closure_mode").is_in(HEADLINE).fill_null(True)
                )
                .sort("claim_key")
                .unique(["customer", "issue", "claimed_at"], keep="last", maintain_order=True)
                .select(
                    "customer", "issue", "claimed_at", "claim_key", claim_ticket="ticket_id",
                    claim_contact="contact_id",
                    is_of_episode=pl.col("episode").is_not_null(),
                )
                .sort("claimed_at")
            )  # fmt: skip
            coming = comebacks
            if name == "contained_by_bot":
                coming = comebacks.drop("issue").rename({"category": "issue"})
            since = seconds("called_at", "claimed_at")
            found.append(
                coming.join_asof(
                    latest, left_on="started_at", right_on="claimed_at", by=["customer", "issue"], strategy="backward",
                    allow_exact_matches=False, coalesce=False, check_sortedness=False,
                )
                .filter(pl.col("claim_key").is_not_null())
                .join(origin, on="claim_ticket", how="left")
                .filter(
                    ~same("parent_ticket_id", "claim_parent")
                    & ~same("problem_id", "claim_problem")
                    # the ticket's own opening, and a contact that names it (R4)
                    & ~(pl.col("is_of_episode") & same("ticket_id", "claim_ticket"))
                    & ~((pl.col("kind") == "opening") & same("contact_id", "claim_contact"))
                    & ~(pl.col("claim_contact").is_not_null() & since.is_between(0, 900).fill_null(False))
                )
                .group_by("claim_key")
                .agg(first_r3_at=pl.col("started_at").min())
                .with_columns(claim_type=pl.lit(name))
                .collect(engine="streaming")
            )  # fmt: skip
        self.inferred = pl.concat(found).lazy()

    def falsifiers_(self):
        episodes = self.episodes.select("episode", "ticket_id", "resolved_at", "ended_at").sort("resolved_at")
        linked = pl.concat([
            self.tickets.filter(pl.col(column).is_not_null() & (pl.col(column) != pl.col("ticket_id"))).select(
                "created_at", ticket_id=column
            )
            for column in ("follow_up_of", "duplicate_of", "parent_ticket_id")
        ])  # fmt: skip
        first_linked = (
            episodes.join(linked, on="ticket_id")
            .filter(pl.col("resolved_at") < pl.col("created_at"))
            .group_by("episode")
            .agg(first_r2_at=pl.col("created_at").min())
        )
        voiced = pl.concat([
            self.customer_messages.select("ticket_id", voiced_at="sent_at"),
            self.contacts.filter((pl.col("direction") == "inbound") & pl.col("ticket_id").is_not_null()).select(
                "ticket_id", voiced_at="started_at"
            ),
        ]).sort("voiced_at")  # fmt: skip
        first_voiced = (
            episodes.join_asof(
                voiced, left_on="resolved_at", right_on="voiced_at", by="ticket_id", strategy="forward",
                allow_exact_matches=False, coalesce=False, check_sortedness=False,
            )
            .filter(
                pl.col("voiced_at").is_not_null()
                & (pl.col("ended_at").is_null() | (pl.col("voiced_at") < pl.col("ended_at")))
            )
            .select("episode", first_r4_at="voiced_at")
        )  # fmt: skip
        # the answer speaks of the latest claim before it
        answered = (
            self.read("surveys", "ticket_id", "answered_at", "resolved_answer")
            .filter((pl.col("resolved_answer") == "no") & pl.col("ticket_id").is_not_null())
            .sort("answered_at")
            .join_asof(
                episodes, left_on="answered_at", right_on="resolved_at", by="ticket_id", strategy="backward",
                allow_exact_matches=False, coalesce=False, check_sortedness=False,
            )
            .filter(pl.col("episode").is_not_null())
            .group_by("episode")
            .agg(of_ticket=pl.col("answered_at").min())
        )  # fmt: skip
        self.falsifiers = (
            self.episodes.select("episode", "reopened_at")
            .join(first_linked, on="episode", how="left")
            .join(first_voiced, on="episode", how="left")
            .join(answered, on="episode", how="left")
            .collect(engine="streaming")
            .lazy()
        )

    def fct_claims(self):
        answers = self.read("surveys", "contact_id", "answered_at", "resolved_answer").filter(
            (pl.col("resolved_answer") == "no") & pl.col("contact_id").is_not_null()
        )
        of_contacts = (
            self.contacts.select("contact_id", "ended_at")
            .join(answers, on="contact_id")
            .filter(pl.col("ended_at") < pl.col("answered_at"))
            .group_by("contact_id")
            .agg(of_contact=pl.col("answered_at").min())
        )
        problems = self.read("problems", "problem_id", "closed_at").filter(pl.col("closed_at").is_not_null())
        of_problems = (
            problems.join(self.tickets.select("problem_id", "created_at"), on="problem_id")
            .filter(pl.col("closed_at") < pl.col("created_at"))
            .group_by("problem_id")
            .agg(first_r2_at=pl.col("created_at").min())
        )
        business = self.read("business_claims", "claim_type", "claim_id", "claimed_at")
        contradicting = pl.LazyFrame(CONTRADICTING, schema=["claim_type", "outcome"], orient="row")
        disputed = (
            business.join(self.read("business_outcomes", "claim_type", "claim_id", "outcome_at", "outcome"),
                          on=["claim_type", "claim_id"])
            .join(contradicting, on=["claim_type", "outcome"])
            .filter(pl.col("claimed_at") < pl.col("outcome_at"))
            .group_by("claim_type", "claim_id")
            .agg(first_r2_at=pl.col("outcome_at").min())
        )  # fmt: skip
        service = (
            pl.concat(list(self.claims.values()))
            .join(self.falsifiers, on="episode", how="left")
            .join(of_contacts, on="contact_id", how="left")
            .join(self.inferred, on=["claim_type", "claim_key"], how="left")
            .join(self.keys, on="customer", how="left")
            .select(
                "claim_type", "customer_key", "claimed_at", "closure_mode", "first_r2_at", "first_r3_at", "first_r4_at",
                claim_id=pl.col("claim_type") + pl.lit("/") + pl.col("claim_key"),
                episode_id=key("episode"),
                issue_key=pl.col("issue"),
                first_r1_at=pl.col("reopened_at"),
                first_r5_at=pl.coalesce("of_ticket", "of_contact"),
            )
        )  # fmt: skip
        closed = problems.join(of_problems, on="problem_id", how="left").select(
            "first_r2_at", claim_type=pl.lit("problem_closed"), claimed_at="closed_at",
            claim_id=pl.lit("problem_closed/canonical:") + pl.col("problem_id"),
        )  # fmt: skip
        others = business.join(disputed, on=["claim_type", "claim_id"], how="left").select(
            "claim_type", "claimed_at", "first_r2_at",
            claim_id=pl.concat_str(
                pl.col("claim_type"), pl.lit("/canonical:"), pl.col("claim_type"), pl.lit(":"), pl.col("claim_id")
            ),
        )  # fmt: skip
        claims = pl.concat([service, closed, others], how="diagonal").collect(engine="streaming")
        claims.write_parquet(self.out / "fct_claims.parquet")
        self.all_claims = claims.lazy()

    def return_rate(self):
        def greatest(table, *columns):
            read = self.read(table, *columns)
            return read.select(pl.max_horizontal(*columns).max()).collect(engine="streaming").item()

        def day_after(at):
            return datetime.datetime.combine(at.date() + datetime.timedelta(days=1), datetime.time())

        opened, changed = greatest("tickets", "created_at"), greatest("ticket_events", "event_at")
        called = greatest("calls", "started_at")
        as_of = max(
            greatest("tickets", "created_at", "updated_at"), changed, greatest("ticket_messages", "sent_at"),
            greatest("calls", "started_at", "ended_at"), greatest("surveys", "sent_at", "eligible_at", "answered_at"),
            greatest("bot_sessions", "started_at", "ended_at"), greatest("business_outcomes", "outcome_at"),
        )  # fmt: skip
        until = min(day_after(opened), day_after(changed), day_after(called), as_of)
        shared = self.keys.join(self.shared.lazy(), on="customer").select("customer_key", is_shared=pl.lit(True))
        length = pl.col("window_days") * 86400
        judged = (
            self.all_claims.filter((pl.col("claim_type") == "ticket_resolved") & pl.col("closure_mode").is_in(HEADLINE))
            .join(shared, on="customer_key", how="left")
            .join(pl.LazyFrame({"window_days": [1, 7, 14, 30]}, schema={"window_days": pl.Int32}), how="cross")
            .with_columns(
                month=pl.col("claimed_at").dt.truncate("1mo").dt.date(),
                is_judged=((pl.lit(until) - pl.col("claimed_at")).dt.total_seconds() >= length)
                & pl.col("customer_key").is_not_null()
                & pl.col("is_shared").is_null(),
                is_reopened=(seconds("first_r1_at", "claimed_at") <= length).fill_null(False),
                falsified_at=pl.min_horizontal("first_r1_at", "first_r2_at", "first_r3_at"),
            )
            .with_columns(is_falsified=(seconds("falsified_at", "claimed_at") <= length).fill_null(False))
        )
        self.write(
            "return_rate",
            judged.group_by("month", "window_days").agg(
                claim_count=pl.len().cast(pl.Int64),
                cohort_count=pl.col("is_judged").sum().cast(pl.Int64),
                reopened_count=(pl.col("is_judged") & pl.col("is_reopened")).sum().cast(pl.Int64),
                falsified_count=(pl.col("is_judged") & pl.col("is_falsified")).sum().cast(pl.Int64),
            ),
        )

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
