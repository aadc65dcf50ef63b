"""Write docs/inputs.md: which table of the raw contract gives what. From the models, by building them.

    python -m counterweight.dev.inputs

A tiny world is built again and again with more of its tables; what has rows then is what these tables give. Which model
reads which table comes from dbt's manifest.
"""

import contextlib
import io
import json
import tempfile
from pathlib import Path

from counterweight.build import build
from counterweight.load import load
from counterweight.project import Project

PAGE = Path("docs") / "inputs.md"
# Enough rows for every tier to be seen once where its tables are there.
WORLD = {
    "tickets": """
        ticket_id,created_at,requester_id,channel,category,status,follow_up_of,problem_id,sla_policy_id,reported_first_contact_resolution
        reopened,2024-01-01 09:00:00,ann,portal,Mail,resolved,,,gold,true
        followed,2024-01-01 09:00:00,bob,portal,Mail,resolved,,,gold,true
        follower,2024-01-03 09:00:00,eve,portal,Mail,new,followed,,,
        returned,2024-01-01 09:00:00,joe,portal,Mail,resolved,,,gold,true
        returning,2024-01-03 09:00:00,joe,portal,Mail,new,,P,,
        called,2024-01-01 09:00:00,sue,portal,Mail,resolved,,,gold,true
        rung,2024-01-01 09:00:00,kim,portal,Mail,resolved,,,gold,true
        written,2024-01-01 09:00:00,max,portal,Mail,resolved,,,gold,true
        asked,2024-01-01 09:00:00,pat,portal,Mail,resolved,,,gold,true
    """,
    "ticket_events": "event_id,ticket_id,event_at,field,old_value,new_value,actor_type\n"
    + "".join(
        f"{ticket},{ticket},2024-01-02 09:00:00,status,new,resolved,agent\n"
        for ticket in ("reopened", "followed", "returned", "called", "rung", "written", "asked")
    )
    + "reopening,reopened,2024-01-03 09:00:00,status,resolved,open,requester\n",
    "ticket_messages": """
        message_id,ticket_id,sent_at,author_type
        1,written,2024-01-03 09:00:00,requester
    """,
    "calls": """
        leg_id,contact_id,started_at,ended_at,direction,customer_id,channel,agent_id,ticket_id,category,answered_at,talk_seconds,reported_resolved
        1,1,2024-01-01 10:00:00,2024-01-01 10:05:00,inbound,+43 1 234567,voice,agent,,Mail,2024-01-01 10:00:05,290,true
        2,2,2024-01-03 09:00:00,2024-01-03 09:05:00,inbound,+43 1 234567,voice,agent,,Mail,2024-01-03 09:00:05,290,true
        3,3,2024-01-03 09:00:00,2024-01-03 09:05:00,inbound,kim,voice,agent,rung,Mail,2024-01-03 09:00:05,290,true
        4,4,2024-01-03 10:00:00,2024-01-03 10:05:00,inbound,sue,voice,agent,,Mail,2024-01-03 10:00:05,290,true
    """,
    "surveys": """
        survey_id,ticket_id,contact_id,sent_at,answered_at,resolved_answer
        1,asked,,2024-01-02 10:00:00,2024-01-03 10:00:00,no
        2,,1,2024-01-01 11:00:00,2024-01-01 12:00:00,no
    """,
    "sla_policies": """
        policy_id,metric,target_minutes,calendar_id,pausing_statuses
        gold,resolution,4000,always,
    """,
    "calendars": "calendar_id,time_zone,iso_weekday,opens_at,closes_at\n"
    + "".join(f"always,UTC,{weekday},00:00,24:00\n" for weekday in range(1, 8)),
    "bot_sessions": """
        session_id,customer_id,started_at,ended_at,intent,is_contained
        1,sue,2024-01-02 12:00:00,2024-01-02 12:05:00,Mail,true
    """,
    "problems": """
        problem_id,opened_at,closed_at
        P,2024-01-01 12:00:00,2024-01-02 12:00:00
    """,
    "business_claims": """
        claim_type,claim_id,business_function,claimed_at
        deal_closed,1,sales,2024-01-01 12:00:00
    """,
    "business_outcomes": """
        claim_type,claim_id,outcome_at,outcome
        deal_closed,1,2024-01-20 12:00:00,refunded
    """,
}
STEPS = (
    ("tickets",),
    ("tickets", "ticket_events"),
    ("tickets", "ticket_events", "ticket_messages", "surveys"),
    ("calls",),
    ("calls", "surveys"),
    ("tickets", "ticket_events", "calls"),
    (
        *("tickets", "ticket_events", "ticket_messages", "calls", "surveys", "sla_policies", "calendars"),
        *("bot_sessions", "problems", "business_claims", "business_outcomes"),
    ),
)
# Of rows, not of what they say: they read every table.
BOOKS = (".fct_row_fates", ".int_unusable_rows")
TIERS = {
    "r1": "R1 reopened",
    "r2": "R2 linked",
    "r3": "R3 same customer, same issue",
    "r4": "R4 wrote or called about it",
    "r5": "R5 survey",
}


def page(project, folder):
    """The text of the page. Builds warehouses in `folder`."""
    given = [(step, _given(project, Path(folder) / str(number), step)) for number, step in enumerate(STEPS)]
    manifest = json.loads((project.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    lines = [
        "# Which input gives what",
        "",
        "Made from the models by `python -m counterweight.dev.inputs`; a test fails where it is out of date. The",
        "tables are those of the raw contract (`models/staging/canonical/_canonical__sources.yml`), whichever system",
        "emits them.",
        "Every table is optional: what is missing is made, empty, and what depends on it has no rows.",
        "",
        "## With these tables you get these",
        "",
        "Claims, and what can contradict them; a tier that is not named cannot be seen, so `held` means less.",
        "",
        "| you deliver | claims | contradicted by | facts and marts with rows |",
        "|---|---|---|---|",
    ]
    for step, (claims, relations) in given:
        tiers = "; ".join(
            f"{kind}: {', '.join(TIERS[tier] for tier in seen) or 'nothing'}" for kind, seen in claims.items()
        )
        lines.append(
            f"| {' + '.join(f'`{table}`' for table in step)} | {', '.join(f'`{kind}`' for kind in claims) or 'none'} "
            f"| {tiers or '-'} | {', '.join(f'`{name}`' for name in relations)} |"
        )
    lines += [
        "",
        "`identities` lets the same customer be recognised by telephone, address and user name; without it only what",
        "is written alike is the same. `categories` says what is a request, so that coming again for one is no return.",
        "",
        "## What reads which table",
        "",
        "| table | read by |",
        "|---|---|",
    ]
    for table, readers in _readers(manifest).items():
        lines.append(
            f"| `{table}` | {', '.join(f'`{name}`' for name in readers) or 'its fates of rows only, so far'} |"
        )
    return "\n".join(lines) + "\n"


def _given(project, folder, step):
    """({claim type: tiers seen}, facts and marts with rows) of a world with the tables of `step` alone."""
    folder.mkdir(parents=True)
    small = Project(root=project.root, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    pairs = []
    for table in step:
        rows = "\n".join(line.strip() for line in WORLD[table].strip().splitlines()) + "\n"
        (folder / f"{table}.csv").write_text(rows, encoding="utf-8")
        pairs.append(f"{table}={folder / table}.csv")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        load(small, "canonical", pairs)
        build(small, {})
    with contextlib.closing(small.connect(read_only=True)) as connection:
        claims = {}
        query = "select claim_type, {} from facts.fct_claims group by claim_type order by claim_type desc".format(
            ", ".join(f"count(first_{tier}_at)" for tier in TIERS)
        )
        for kind, *counts in connection.execute(query).fetchall():
            claims[kind] = [tier for tier, count in zip(TIERS, counts, strict=True) if count]
        names = connection.execute(
            "select schema_name, relation_name from audit.relations "
            "where schema_name in ('facts', 'marts') order by schema_name, relation_name"
        ).fetchall()
        relations = [
            name
            for schema, name in names
            if connection.execute(f'select count(*) from "{schema}"."{name}"').fetchone()[0]
        ]
    return claims, relations


def _readers(manifest):
    """{table: facts, dimensions and marts behind it}, by the lineage; the books of rows read everything."""
    nodes = manifest["nodes"]
    tables = sorted(node["name"] for node in manifest["sources"].values() if node["source_name"] == "canonical")
    readers = {}
    for table in tables:
        reached, waiting = set(), [f"source.counterweight.canonical.{table}"]
        while waiting:
            for child in manifest["child_map"].get(waiting.pop(), []):
                if child not in reached and child.startswith("model.") and not child.endswith(BOOKS):
                    reached.add(child)
                    waiting.append(child)
        readers[table] = sorted(
            nodes[key]["name"] for key in reached if nodes[key]["schema"] in ("facts", "dimensions", "marts")
        )
    return readers


def main():
    project = Project.find()
    with tempfile.TemporaryDirectory() as folder:
        text = page(project, folder)
    (project.root / PAGE).write_text(text, encoding="utf-8")
    print(f"inputs {PAGE}")


if __name__ == "__main__":
    main()
