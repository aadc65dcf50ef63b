"""docs/three_questions.py: its answers on a known world are those of its page, and right on tables made by hand."""

import importlib.util
import re

import duckdb
import pytest

from conftest import ROOT, ZONE_OF_DEALERSHIP
from counterweight.dev import pages

PAGE = ROOT / "docs" / "questions.md"
SCRIPT = ROOT / "docs" / "three_questions.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("three_questions", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def published(dealership):
    project, _ = dealership
    with duckdb.connect(str(project.current / "counterweight.duckdb"), read_only=True) as connection:
        yield connection


def test_the_page_has_the_answers(script, dealership, capsys):
    project, _ = dealership
    script.main(str(project.current / "counterweight.duckdb"))
    written = PAGE.read_text(encoding="utf-8")
    answers = "```text\n" + capsys.readouterr().out + "```"
    assert pages.filled(written, {"answers": answers}, PAGE) == written, answers


def test_the_page_says_how_its_world_is_made():
    """As the fixture does."""
    written = PAGE.read_text(encoding="utf-8")
    assert "--world dealership --tickets 800 --calls 1600 --months 4" in written
    assert f"{{reporting_time_zone: {ZONE_OF_DEALERSHIP}}}" in written


def test_the_teams_are_those_of_the_facts(script, published):
    """The sentence about the highest team, counted again from claims."""
    lines = list(script.who_held_worst(published))
    team, back, judged = re.match(r"(.+), the highest of .*: (\d+) of (\d+) came back", lines[2]).groups()
    counted = published.execute(
        """
        select count(*) filter (verdict = 'falsified'), count(*)
        from facts.fct_claim_verdicts
        where claim_type = 'ticket_resolved' and tier_set = 'return' and window_days = 7 and is_headline_cohort
            and is_mature and verdict in ('held', 'falsified') and team_id = ?
            and date_trunc('month', claimed_at at time zone 'UTC' at time zone ?) = date '2024-03-01'
        """,
        [team, ZONE_OF_DEALERSHIP],
    ).fetchone()
    assert counted == (int(back), int(judged))
    assert "March 2024" in lines[0]


def test_quick_contacts_are_those_of_the_facts(script, published):
    (first, *_) = script.is_speed_paid_with_repeats(published)
    quick, share = re.search(r"Of the (\d+) quicker .* expect ([\d.]+) %", first).groups()
    counted = published.execute(
        """
        select count(*), round(100 * count(*) filter (visits.seconds_to_next between 901 and 7 * 86400) / count(*), 1)
        from facts.fct_contact_expectations as expected
        inner join facts.fct_interactions as visits on visits.interaction_id = 'contact/' || expected.contact_key
        inner join facts.fct_claim_verdicts as verdicts
            on verdicts.claim_id = 'contact_handled/' || expected.contact_key
        where verdicts.tier_set = 'return' and verdicts.window_days = 7
            and verdicts.is_mature and verdicts.is_observable and visits.chain_id is not null
            and 1000 * expected.contact_handle_seconds < expected.expected_milliseconds
        """
    ).fetchone()
    assert counted == (int(quick), float(share))


CATALOGUE = {"P01": (100, 0.04), "P22": (100, 0.2), "P24": (50, 0.02)}
QUALITY = (
    "source_system, period_start, period_type, unit_type, unit, claim_type, window_days, is_period_mature, "
    "claim_count, cohort_count, falsified_count, unobservable_share, expected_returned_count, return_rate, "
    "return_rate_low, return_rate_high, return_oe, return_oe_low, return_oe_high, funnel_high_3, is_outside_funnel"
)
SPEED = (
    "source_system, period_type, window_days, unit_type, unit, cohort_count, quick_back_count, quick_done_count, "
    "slow_back_count, slow_done_count, back_difference, back_difference_low, back_difference_high, unobservable_share"
)


@pytest.fixture
def by_hand():
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema reference")
        connection.execute("create table reference.kpi_pairs (pair_id varchar, min_n integer, tolerance double)")
        for pair, values in CATALOGUE.items():
            connection.execute("insert into reference.kpi_pairs values (?, ?, ?)", [pair, *values])
        yield connection


def literal(value):
    return "null" if value is None else repr(value)


def fill(connection, table, columns, rows):
    names = [name.strip() for name in columns.split(",")]
    values = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
    dates = "* replace (cast(period_start as date) as period_start)" if "period_start" in names else "*"
    connection.execute(
        f"create table marts.{table} as select {dates} from (values {values}) as listed ({', '.join(names)})"
    )


def of_team(unit, judged, back, expected, ratio, limit, is_outside, month="2024-03-01", mature=True, unit_type="team"):
    rate = (0.2, 0.15, 0.25)
    bounds = (ratio, ratio - 0.5, ratio + 0.5)
    return (
        *("desk", month, "month", unit_type, unit, "ticket_resolved", 7, mature, judged + 3, judged, back, 0.01),
        *(float(expected), *rate, *bounds, limit, is_outside),
    )


@pytest.mark.parametrize(
    ("outside", "said"),
    [
        (
            True,
            [
                "Beyond chance, given its mix: B, of 3 teams.",
                "B: 30 of 100 came back, 15.0 expected of its mix: 2.00 times",
            ],
        ),
        (
            False,
            ["Beyond chance, given its mix: none, of 3 teams.", "B, the highest of those with 50 judged: 30 of 100"],
        ),
    ],
)
def test_a_team_is_named_only_beyond_chance(script, by_hand, outside, said):
    """A came back less than expected, however sure that is; C has the highest ratio, of 8. April is too young."""
    rows = [
        of_team("(all)", 208, 39, 39, 1.0, 1.5, False, unit_type="total"),
        of_team("A", 100, 5, 20, 0.25, 1.5, True),
        of_team("B", 100, 30, 15, 2.0, 1.9, outside),
        of_team("C", 8, 4, 1.6, 2.5, 4.0, False),
        of_team("B", 100, 60, 15, 4.0, 1.9, True, month="2024-04-01", mature=False),
        of_team("(all)", 100, 60, 15, 4.0, 1.9, True, month="2024-04-01", mature=False, unit_type="total"),
    ]
    fill(by_hand, "resolution_quality", QUALITY, rows)
    lines = list(script.who_held_worst(by_hand))
    assert lines[0].startswith("desk, March 2024: 211 resolutions, 208 judged, 39 came back within 7 days: 20.0 %")
    assert [line[: len(start)] for line, start in zip(lines[1:], said, strict=False)] == said
    assert lines[3].startswith("1 of the teams have fewer than 50 judged")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.05, 0.09, "Yes: "),
        (-0.01, 0.04, "No, or by less than the 4.0 points that matter: "),
        (0.01, 0.09, "Not decided"),
    ],
)
def test_the_interval_decides_whether_speed_is_paid_for(script, by_hand, low, high, said):
    """Mail alone shows it; Printer's interval holds 0; of (none) nothing is known."""
    rows = [
        ("desk", "to_date", 7, "total", "(all)", 200, 20, 80, 13, 87, 0.07, low, high, 0.1),
        ("desk", "to_date", 7, "category", "Mail", 100, 15, 35, 5, 45, 0.2, 0.05, 0.35, 0.1),
        ("desk", "to_date", 7, "category", "Printer", 100, 5, 45, 8, 42, 0.0, -0.1, 0.1, 0.1),
        ("desk", "to_date", 7, "category", "(none)", 0, 0, 0, 0, 0, None, None, None, None),
        ("desk", "to_date", 30, "total", "(all)", 100, 1, 2, 3, 4, 0.9, 0.8, 0.95, 0.1),
    ]
    fill(by_hand, "handle_time_in_context", SPEED, rows)
    lines = list(script.is_speed_paid_with_repeats(by_hand))
    assert (
        "Of the 100 quicker than their work lets expect 20.0 % came back within 7 days, of the 100 others 13.0 %."
        in lines[0]
    )
    assert lines[1].startswith(said)
    assert lines[2].startswith("Mail: 15 of 50 quick ones came back, 5 of 50 others: 20.0 points (5.0 to 35.0).")
    assert lines[3] == "Categories that show it: 1 of 2; of so many, chance alone shows 0.1."


def test_who_pays_is_found_or_named(script, published):
    """In this world the largest account alone pays (docs/worlds.md)."""
    lines = list(script.what_did_the_price_do(published))
    (largest,) = published.execute(
        "select unit from marts.priced_requests where period_type = 'to_date' and unit_type = 'account' "
        "order by mean_users desc limit 1"
    ).fetchone()
    assert lines[2].startswith("Nobody said whom the price concerns")
    assert [line.split(",")[0] for line in lines[3:]] == [largest]


def test_without_a_price_it_says_so(script, published, by_hand):
    schema = published.execute("describe marts.priced_requests").fetchall()
    columns = ", ".join(f"{name} {kind}" for name, kind, *_ in schema)
    by_hand.execute(f"create table marts.priced_requests ({columns})")
    assert list(script.what_did_the_price_do(by_hand)) == []
    by_hand.execute(
        "insert into marts.priced_requests (source_system, period_type, unit_type, unit) "
        "values ('desk', 'to_date', 'total', '(all)')"
    )
    (line,) = script.what_did_the_price_do(by_hand)
    assert line.startswith("desk: no price is loaded")
