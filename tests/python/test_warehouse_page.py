"""docs/warehouse.md says what the models are: its diagrams, its tables, and a customer followed through the facts."""

import itertools
import re

import pytest
import yaml

from conftest import ROOT, build_facts, one, rows
from counterweight.dev.pages import filled
from counterweight.dev.warehouse_page import LAYERS, PAGE, read_models, tables
from counterweight.load import load

WRITTEN = (ROOT / PAGE).read_text(encoding="utf-8")
MODELS = {path.stem: path for path in (ROOT / "models").rglob("*.sql")}
UNIT_TESTS = {
    test["name"]
    for path in (ROOT / "models").rglob("*.yml")
    for test in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("unit_tests", [])
}
SHOWN = {layer: read_models(ROOT, layer) for layer in ("dimensions", "facts")}
SCHEMAS = {name: layer for layer, models in SHOWN.items() for name in models}

# `contact_key` names a contact, `ticket_key` the ticket that was opened: both are rows of fct_interactions.
ROWS_OF_INTERACTIONS = {"contact_key": "kind = 'contact'", "ticket_key": "kind = 'opening'"}
RELATION = re.compile(r'(\w+) (\|\||\|o)(--|\.\.)(o\{|\|\{|o\||\|\|) (\w+) : "([^"]+)"')


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", WRITTEN, flags=re.S)


DIAGRAMS = [block for block in blocks("mermaid") if block.startswith("erDiagram")]
RELATIONS = [match.groups() for diagram in DIAGRAMS for match in RELATION.finditer(diagram)]


def pairs_of(label):
    """[(column of the child, column of the parent)] of a relation."""
    return [(pair.split(" = ") * 2)[:2] for pair in re.split(r" at | where ", label)[0].split(", ")]


def section(title):
    return WRITTEN.split(f"\n## {title}\n")[1].split("\n## ")[0]


# ---- words


def test_the_tables_are_those_of_the_models():
    assert filled(WRITTEN, tables(ROOT), PAGE) == WRITTEN, "run python -m counterweight.dev.warehouse_page"


def test_every_table_that_readers_see_has_a_row():
    listed = re.findall(r"^\| `(\w+)` \|", section("One row per"), flags=re.M)
    shown = [path.stem for layer in LAYERS for path in (ROOT / "models" / layer).glob("*.sql")]
    assert sorted(listed) == sorted(shown)
    assert len(shown) > 30


def test_each_rule_is_in_a_model_and_in_unit_tests_that_are_there():
    rules = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", section("Where a rule lives"), flags=re.M)[2:]
    assert len(rules) >= 20
    for rule, models, tests in rules:
        named = re.findall(r"`(\w+)`", models)
        assert named, rule
        assert [name for name in named if name not in MODELS] == [], rule
        prefixes = re.findall(r"`(\w+?)(\*?)`", tests)
        assert prefixes, rule
        for prefix, star in prefixes:
            found = [name for name in UNIT_TESTS if (name.startswith(prefix) if star else name == prefix)]
            assert found, f"{rule}: no unit test {prefix}"


def test_arrows_are_refs():
    """A model reads what an arrow to it comes from."""
    (flow,) = [block for block in blocks("mermaid") if block.startswith("flowchart")]
    drawn = dict(re.findall(r'(\w+)\["(\w+)<br/>[^"]+"\]', flow))
    assert all(name == label for name, label in drawn.items())
    arrows = set()
    for line in flow.splitlines():
        names = line.strip().split(" --> ")
        arrows |= set(itertools.pairwise(names))
    assert len(arrows) > 40
    assert set(drawn) <= {name for arrow in arrows for name in arrow}
    for source, reader in sorted(arrows):
        assert source in MODELS, source
        assert f"ref('{source}')" in MODELS[reader].read_text(encoding="utf-8"), f"{source} --> {reader}"


# ---- columns

COLUMNS = [
    (layer, name, column)
    for layer in LAYERS
    for name, model in read_models(ROOT, layer).items()
    for column in model["columns"]
]
UNIT_IN_NAME = re.compile(
    r"_(count|seconds|milliseconds|minutes|hours|days|share|rate|ratio|percent|number|position|amount|numerator|"
    r"denominator|low|high)(_\d|_p\d\d|_mean|_without_\w+)?$"
)
UNIT_IN_WORDS = re.compile(
    r"\b(seconds?|minutes?|hours?|days?|weeks?|months?|years?|digits?|shares?|amounts?|currency|from 1|how (many|much)|"
    r"number|ratio|percent|(\w+_)?unit|scale|standard deviations?|per)\b|%",
    re.IGNORECASE,
)


def test_numbers_say_their_unit():
    """By name or in words. A bound and a part of a fraction have that of what they belong to."""
    numbers = [it for it in COLUMNS if re.match("(decimal|bigint|integer)", it[2]["data_type"])]
    assert len(numbers) > 500
    unsaid = [
        f"{name}.{column['name']}: {column['description']}"
        for _, name, column in numbers
        if not UNIT_IN_NAME.search(column["name"]) and not UNIT_IN_WORDS.search(column["description"])
    ]
    assert unsaid == []


def test_what_is_null_somewhere_says_what_that_means(dealership):
    """Of a world with every raw table. Null is not zero: it has not happened, is not known, or was not measured."""
    unsaid, null_count = [], 0
    for (layer, name), group in itertools.groupby(COLUMNS, key=lambda it: it[:2]):
        columns = [column for _, _, column in group if {"type": "not_null"} not in column.get("constraints", [])]
        if not columns:
            continue
        counts = ", ".join(f'count(*) - count("{column["name"]}")' for column in columns)
        for column, nulls in zip(columns, one(dealership[0], f"select {counts} from {layer}.{name}"), strict=True):
            null_count += nulls > 0
            if nulls and not re.search(r"\bnull\b", column["description"], re.IGNORECASE):
                unsaid.append(f"{name}.{column['name']}: {column['description']}")
    assert null_count > 300
    assert unsaid == []


# ---- diagrams


def test_every_line_of_a_diagram_is_understood():
    """What the tests below do not read they cannot hold against the warehouse."""
    for diagram in DIAGRAMS:
        rest = re.sub(r"^    \w+ \{\n(?:        \w+ \w+(?: PK| FK| PK, FK)?\n)+    \}\n", "", diagram, flags=re.M)
        rest = re.sub(rf"^    {RELATION.pattern}\n", "", rest, flags=re.M)
        assert rest.strip() == "erDiagram"
    assert len(RELATIONS) > 30


def test_entities_are_all_dimensions_and_facts_with_their_keys():
    entities = {}
    for diagram in DIAGRAMS:
        for name, body in re.findall(r"^    (\w+) \{\n(.*?)    \}\n", diagram, flags=re.M | re.S):
            assert name not in entities, f"{name} is described twice"
            entities[name] = re.findall(r"(\w+) (\w+) ?((?:PK|FK)?(?:, FK)?)\n", body)
    assert sorted(entities) == sorted(SCHEMAS)
    for name, columns in entities.items():
        model = SHOWN[SCHEMAS[name]][name]
        types = {column["name"]: column["data_type"] for column in model["columns"]}
        assert {column: types.get(column) for _, column, _ in columns} == {column: kind for kind, column, _ in columns}
        keys = [column for _, column, mark in columns if mark.startswith("PK")]
        assert keys == model["config"]["meta"]["grain"].split(", "), name
        joined, led_to = set(), set()
        for parent, _, _, _, child, label in RELATIONS:
            for mine, theirs in pairs_of(label):
                joined |= {mine} if child == name else set()
                led_to |= {theirs} if parent == name else set()
        assert {column for _, column, mark in columns if mark.endswith("FK")} == joined, name
        assert led_to <= {column for _, column, _ in columns}, name


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda it: f"{it[0]} {it[4]} {it[5].split(' where')[0]}")
def test_relations_hold_in_a_world(dealership, relation):
    hold(dealership[0], relation)


@pytest.mark.parametrize(
    "relation",
    [
        ("fct_issue_chains", "||", "--", "o{", "fct_interactions", "chain_id"),
        ("fct_problems", "|o", "--", "o{", "fct_claims", "claim_key = problem_key"),
        ("fct_claims", "||", "--", "o{", "fct_interactions", "contact_key where kind = 'contact'"),
        ("fct_interactions", "||", "--", "o|", "fct_ticket_intervals", "ticket_key"),
        ("fct_interactions", "||", "--", "|{", "fct_resolution_episodes", "ticket_key"),
        ("fct_interactions", "|o", "--", "o{", "fct_qa_reviews", "ticket_key"),
    ],
    ids=["null", "orphan", "two parents", "two children", "no child", "nothing to see"],
)
def test_a_wrong_relation_is_noticed(dealership, relation):
    with pytest.raises(AssertionError):
        hold(dealership[0], relation)


def hold(project, relation):
    """Parents are unique, children have theirs, and as many as the line says. Of a dotted line the parent may be
    missing, since no source need list it."""
    parent, fewest, line, most, child, label = relation
    label, _, condition = label.partition(" where ")
    pairs, at = pairs_of(label), label.partition(" at ")[2]
    parent_key = [pair[1] for pair in pairs]
    chosen = ROWS_OF_INTERACTIONS.get(parent_key[0], "true") if parent == "fct_interactions" else "true"
    known = " and ".join(f"child.{name} is not null" for name, _ in pairs)
    matches = " and ".join(f"child.{mine} = parent.{theirs}" for mine, theirs in pairs)
    if at:
        matches += (
            f" and coalesce(parent.valid_from <= child.{at}, true) and coalesce(child.{at} < parent.valid_to, true)"
        )
    ctes = f"""
        with
        parents as (select *, row_number() over () as parent_row from {SCHEMAS[parent]}.{parent} where {chosen}),
        children as (
            select *, row_number() over () as child_row from {SCHEMAS[child]}.{child} where {condition or "true"}
        ),
        joined as (
            select child.child_row, {known} as is_known, parent.parent_row
            from children as child left join parents as parent on {matches}
        )
    """
    total, unknown, orphans, matched, twice = one(
        project,
        ctes
        + """
        select
            count(distinct child_row),
            count(distinct child_row) filter (not is_known),
            count(distinct child_row) filter (is_known and parent_row is null),
            count(distinct child_row) filter (parent_row is not null),
            count(parent_row) - count(distinct child_row) filter (parent_row is not null)
        from joined
        """,
    )
    assert total > 0
    assert matched > 0
    assert twice == 0, "more than one parent"
    assert fewest == "|o" or unknown == 0
    assert line == ".." or orphans == 0
    if not at:
        assert one(
            project,
            f"{ctes} select count(*) from (select 1 from parents group by {', '.join(parent_key)} having count(*) > 1)",
        ) == (0,)
    if most != "o{":
        alone, several = one(
            project,
            ctes
            + """
            select count(*) filter (children = 0), count(*) filter (children > 1)
            from (
                select parents.parent_row, count(joined.child_row) as children
                from parents left join joined using (parent_row) group by all
            )
            """,
        )
        assert most[0] == "o" or alone == 0
        assert most == "|{" or several == 0


# ---- the customer who is followed through


@pytest.fixture(scope="module")
def example(new_project, tmp_path_factory):
    """The warehouse of the raw rows that stand in the page."""
    folder = tmp_path_factory.mktemp("example")
    files = re.findall(r"`(\w+)\.csv`\n\n```csv\n(.*?)```", WRITTEN, flags=re.S)
    for table, content in files:
        (folder / f"{table}.csv").write_text(content, encoding="utf-8")
    project = new_project("example")
    load(project, "canonical", [f"{table}={folder}/{table}.csv" for table, _ in files])
    build_facts(project)
    return project


def test_the_customers_rows_are_what_the_page_shows(example):
    shown = re.findall(
        r"^`(facts\.fct_\w+)`(?:, where `(.+)`)?\n\n((?:\|.*\n)+)",
        section("One customer, followed through"),
        flags=re.M,
    )
    assert len(shown) >= 9
    found, wanted = {}, {}
    for table, condition, text in shown:
        head, _, *lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines()]
        columns = ", ".join(f"coalesce(cast({name} as varchar), '')" for name in head)
        # Bob's rows are left out
        query = f"""
            select {columns} from {table} as t
            where not regexp_matches(cast(t as varchar), 'canonical:[CT]9') and {condition or "true"}
        """
        wanted[table] = sorted(lines)
        found[table] = sorted(list(row) for row in rows(example, query))
    assert found == wanted
