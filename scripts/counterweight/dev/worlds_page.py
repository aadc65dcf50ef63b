"""Fill docs/worlds.md: tables of what worlds can be, pictures of worlds, and examples that were run.

    python -m counterweight.dev.worlds_page            everything; makes worlds and builds warehouses, some minutes
    python -m counterweight.dev.worlds_page --tables   the tables alone

The prose of the page is written by hand. What stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is written
here: tables from the code of the worlds, and captions and examples with the numbers of their run.
"""

import argparse
import dataclasses
import re
import tempfile
from pathlib import Path

from counterweight.dev import pages
from counterweight.project import Project
from counterweight.worlds import behaviours, defects, deliveries, functions, settings
from counterweight.worlds.chance import Chance
from counterweight.worlds.clock import DAY
from counterweight.worlds.truth import Truth

PAGE = Path("docs") / "worlds.md"
PICTURES = Path("docs") / "worlds"

SETTINGS = {
    "World": {
        "summary": "one sentence: what it shows",
        "auto_close_days": "days after which the tool closes a resolved ticket; 0: within the hour",
        "closed_can_reopen": "whether a reply reopens a closed ticket; else it becomes a new ticket",
        "accounts": "how many customer firms there are; empty: one for 60 customers, 3 at least",
        "habits": "behaviours and lookalikes by name, each with the settings of a habit",
        "price": "a price on each password reset; empty: none",
        "recurring": "causes that bring the same incidents to the same people again",
        "stops": "feed → share of the world after which it delivers nothing",
        "lags": "feed → days by which it is late; wants `--batches`",
        "defects": "defect → share of the rows that have it, or `all`: each in 0.002 of them",
        "clocks": "raw table → zone (IANA name) in whose local time its times are written, without saying so",
        "blindfolds": "pair of another function → intensity, 0 to 1",
    },
    "Habit": {
        "behaviour": "its name, which is the key in the file",
        "teams": "share of the teams that can have it",
        "agents": "share of the agents of these teams; one at least",
        "intensity": "share of the occasions on which they act on it",
        "since": "share of the world that has passed before it begins",
        "limit": "seconds of handle time that it is about; only where calls have a limit",
        "reach": "seconds above the limit that a call may have to be cut",
        "declared": "whether the limit stands in the raw table `targets`",
    },
    "Price": {
        "amount": "whole units of currency for each reset; a row `price:Password reset` in `costs`",
        "accounts": "how many accounts pay it, the largest first",
        "since": "share of the world that has passed before it is asked",
        "suppressed": "share of their resets that are no longer asked for",
    },
    "Recurring": {
        "causes": "how many an account has, on average",
        "days": "days between two outbreaks of one; 2 at least",
        "people": "customers that an outbreak meets, always the same few",
        "recorded": "share of the causes that get a problem record and, later, a fix",
    },
}
TRUTH = {
    "problems": (
        "a problem that a customer has",
        {
            "problem_id": "the problem",
            "customer_id": "as in `identities`; empty for machines",
            "account_id": "as in `accounts`",
            "category, subcategory": "what it is really about, whatever the ticket says",
            "began_at": "when it first led to a contact",
            "root_cause": "as in `root_causes`; empty: none",
            "is_machine": "an alarm of a monitor",
        },
    ),
    "contacts": (
        "an interaction of a customer",
        {
            "problem_id": "contacts of one problem share it",
            "kind": "`contact`: call or chat; `opening` of a ticket; `return` to a resolved one",
            "at": "when",
            "contact_id": "as in `calls`",
            "ticket_id": "as in `tickets`",
            "event_id": "the reopening, as in `ticket_events`",
        },
    ),
    "claims": (
        "a claim of success",
        {
            "problem_id": "of which problem",
            "claim_type": "`ticket_resolved`, `contact_handled`, `contained_by_bot`",
            "claimed_at": "when",
            "contact_id, ticket_id, event_id, session_id": "the raw row that makes it",
            "outcome": "`solved`, `unsolved`, or `passed on`: nobody said that it was solved",
            "reaction": "what the customer did: `none`, `gave up`, `reopened`, `new ticket`, `phone`, `chat`; "
            "`not seen`: after the end of the world",
            "returned_at": "when they were back",
            "return_contact_id, return_ticket_id, return_event_id": "the raw row of the return",
            "behaviour": "what changed the resolution; empty: nothing",
        },
    ),
    "behaviours": (
        "an agent with a behaviour or a lookalike",
        {
            "agent_id, team_id": "who, as in `agents`",
            "behaviour": "what",
            "is_gaming": "false: it only looks like it",
            "since": "from when on",
            "intensity": "share of the occasions",
            "limit_seconds": "limit of handle time that it is about",
        },
    ),
    "acts": (
        "a raw row that one of them changed or made",
        {
            "agent_id": "who; empty: nobody in person",
            "behaviour, is_gaming": "as in `behaviours`",
            "at": "when",
            "leg_id, ticket_id, event_id, message_id, survey_id": "the raw row",
        },
    ),
    "root_causes": (
        "a recurring cause that broke out",
        {
            "root_cause": "the cause",
            "account_id, category": "where, and in what",
            "first_seen_at": "its first incident",
            "fixed_at": "when it was removed; empty: never",
            "problem_id": "its record in the raw table `problems`, not the `problem_id` of the other tables",
        },
    ),
    "truth_business_claims": (
        "a claim of another function",
        {
            "claim_id, claim_type": "as in `business_claims`",
            "is_real": "it holds: not falsified within the longest window",
            "falsified_at": "when it was; empty: never",
            "planted": "without the blindfold it was not made, or not falsified",
        },
    ),
    "truth_blindfolds": (
        "a pair in a unit",
        {
            "pair_id, unit": "which",
            "intensity": "0: honest",
            "since": "from when on; empty: honest",
        },
    ),
}


# ---- tables


def tables():
    """{section: text} of what comes from the code alone."""
    return {
        "worlds": _worlds(),
        "behaviours": _behaviours(),
        "settings": _settings(),
        "defects": _defects(),
        "feeds": pages.table(("feed", "raw table"), [(f"`{f}`", f"`{t}`") for f, t in deliveries.FEEDS.items()]),
        "functions": _functions(),
        "truth": _truth(),
    }


def filled(text, sections):
    """The page with these sections written anew."""
    return pages.filled(text, sections, PAGE)


def _worlds():
    """Grouped by the headings in worlds.yml, `# ---- heading`."""
    parts, rows, every = [], [], {world.name: world for world in settings.every()}
    for line in settings.CATALOGUE.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"# ---- (.*)", line):
            parts.append((heading[1], rows := []))
        elif name := re.match(r"(\w+):", line):
            world = every.pop(name[1])
            rows.append((f"`{world.name}`", world.summary))
    if every or any(not rows for _, rows in parts):
        raise ValueError("every world of worlds.yml stands below a heading `# ---- ...`")
    return "\n\n".join(
        f"**{title[0].upper()}{title[1:]}**\n\n{pages.table(('world', 'what it shows'), r)}" for title, r in parts
    )


def _behaviours():
    kinds = {behaviours.VOICE: "telephone", behaviours.TICKETS: "all", behaviours.ALL: "all"}
    every = sorted(behaviours.BEHAVIOURS.items(), key=lambda item: item[1].detector)
    parts = []
    for is_gaming, title in ((True, "Behaviours"), (False, "Lookalikes, honest all of them")):
        rows = [
            (it.detector, f"`{name}`", it.summary, kinds[it.kinds]) for name, it in every if it.is_gaming == is_gaming
        ]
        parts.append(f"**{title}**\n\n" + pages.table(("detector", "name", "what is done", "teams"), rows))
    return "\n\n".join(parts)


def _settings():
    parts = []
    titles = {"World": "A world", "Habit": "A habit", "Price": "`price`", "Recurring": "`recurring`"}
    for kind in (settings.World, behaviours.Habit, settings.Price, settings.Recurring):
        meanings = SETTINGS[kind.__name__]
        fields = [field for field in dataclasses.fields(kind) if field.name != "name"]
        if [field.name for field in fields] != list(meanings):
            raise ValueError(f"SETTINGS[{kind.__name__!r}] does not name the fields of {kind}")
        rows = [(f"`{field.name}`", _default(field), meanings[field.name]) for field in fields]
        parts.append(f"**{titles[kind.__name__]}**\n\n" + pages.table(("setting", "default", "what it is"), rows))
    return "\n\n".join(parts)


def _default(field):
    if field.default is dataclasses.MISSING:
        return "must be given" if field.default_factory is dataclasses.MISSING else "none"
    if isinstance(field.default, settings.Recurring):
        return "as below"
    if field.default in (None, (), ""):
        return "none"
    return f"`{str(field.default).lower()}`"


def _defects():
    rows = []
    for name, it in defects.DEFECTS.items():
        fate = it.fate.replace("_", " ") + (f": `{it.reason}`" if it.reason else "")
        rows.append((f"`{name}`", f"`{it.table}`", defects.DESCRIPTIONS[name], fate))
    return pages.table(("defect", "raw table", "rows", "expected fate"), rows)


def _functions():
    claims = [
        (
            kind.pair,
            functions.PAIRS[kind.pair][0],
            f"`{kind.name}`",
            kind.meaning,
            ", ".join(f"`{it.name}`" for it in kind.outcomes if it.falsifies),
            ", ".join(map(str, kind.windows)),
            f"`{kind.headline.name}`",
            functions.PAIRS[kind.pair][1],
        )
        for kind in functions.CLAIM_TYPES
    ]
    measures = [
        (
            it.pair,
            functions.PAIRS[it.pair][0],
            f"`{it.name}`",
            it.side,
            f"{it.numerator} ÷ {it.denominator}",
            it.meaning,
            it.days or "",
        )
        for it in functions.ALL_MEASURES
    ]
    done = [(pair, function, blindfold) for pair, (function, blindfold) in functions.PAIRS.items()]
    return "\n\n".join(
        (
            "**What the blindfold of each pair does**",
            pages.table(("pair", "function", "blindfold"), done),
            "**Claims** (`business_claims`, `business_outcomes`)",
            pages.table(
                ("pair", "function", "claim", "what it says", "falsified by", "windows, days", "headline"),
                [row[:-1] for row in claims],
            ),
            "**Measures** (`business_measures`, by unit and month)",
            pages.table(("pair", "function", "measure", "side", "of", "what it is", "known after, days"), measures),
        )
    )


def _truth():
    parts = []
    functions_truth = functions.business_tables(Chance(0), 0, DAY, scale=1)[1]
    for table in (*Truth((), (), (), ()).tables(), *functions_truth):
        grain, columns = TRUTH[table.name]
        if ", ".join(columns).split(", ") != list(table.columns):
            raise ValueError(f"TRUTH[{table.name!r}] does not name the columns of the truth's table")
        parts.append(f"**`{table.name}`**: one row is {grain}.")
        parts.append(
            pages.table(
                ("column", "what it is"), [(f"`{name.replace(', ', '`, `')}`", columns[name]) for name in columns]
            )
        )
    return "\n\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description="Fill docs/worlds.md.")
    parser.add_argument("--tables", action="store_true", help="the tables alone")
    only_tables = parser.parse_args().tables
    project = Project.find()
    sections = tables()
    if not only_tables:
        # what only these need is in the group dev
        from counterweight.dev.worlds_examples import examples
        from counterweight.dev.worlds_pictures import pictures

        with tempfile.TemporaryDirectory() as folder:
            sections |= pictures(Path(folder), project.root / PICTURES)
            sections |= examples(Path(folder), project)
    page = project.root / PAGE
    page.write_text(filled(page.read_text(encoding="utf-8"), sections), encoding="utf-8")
    print(f"worlds {PAGE}")


if __name__ == "__main__":
    main()
