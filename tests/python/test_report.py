"""The report: what it shows is declared, says how it is known, and looks right in a browser without a script."""

import contextlib
import dataclasses
import html.parser
import re
import shutil

import duckdb
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner

from conftest import ROOT
from counterweight.build import run_dbt
from counterweight.cli import main
from counterweight.dev import exposures as exposures_file
from counterweight.errors import CounterweightError, InputError
from counterweight.publish import FILE_NAME, open_published
from counterweight.report import EXPOSURES, charts, report
from counterweight.report.desk import Desk, columns_shown
from counterweight.report.sections import FIRST, SECTIONS, overview, pairs, resolution

WIDTHS = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def page(dealership, tmp_path_factory):
    """The report of a desk with every raw table."""
    return report(dealership[0], tmp_path_factory.mktemp("report") / "desk.html")


@pytest.fixture(scope="module")
def page_of_three(three_sources, tmp_path_factory):
    """The report of three real logs, which deliver little of what could be asked."""
    return report(three_sources, tmp_path_factory.mktemp("report") / "three.html")


class Elements(html.parser.HTMLParser):
    """All elements of a page with their attributes, and those that were never closed or closed twice."""

    VOID = frozenset(("meta", "link", "br", "img", "hr", "input"))

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.wrong = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_same_build_gives_the_same_bytes(dealership, page, tmp_path):
    assert report(dealership[0], tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert len(page.read_bytes()) > 100_000


@pytest.mark.parametrize("which", ["page", pytest.param("page_of_three", marks=pytest.mark.real)])
def test_the_page_is_sound(which, request):
    """Well nested, every address on the page exists once, no script, nothing from elsewhere, no number that is none."""
    text = request.getfixturevalue(which).read_text(encoding="utf-8")
    parsed = Elements(text)
    assert (parsed.wrong, parsed.open) == ([], [])
    ids = [attributes["id"] for _, attributes in parsed.found if "id" in attributes]
    assert len(ids) == len(set(ids)) > 20
    links = [attributes["href"] for tag, attributes in parsed.found if tag == "a" and "href" in attributes]
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= set(ids)
    assert "script" not in {tag for tag, _ in parsed.found}
    assert [attributes for _, attributes in parsed.found if "src" in attributes or "srcset" in attributes] == []
    assert [link for link in links if not link.startswith("#")] == []
    seen = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(pre|style)[ >].*?</\1>", "", text))
    assert re.findall(r"\b(?:nan|NaN|inf|None|undefined)\b", seen) == []


def test_every_figure_says_how_it_is_known(dealership):
    """How many, how long was waited, and a query that gives these rows to whoever repeats it."""
    project, _ = dealership
    with contextlib.closing(open_published(project)) as connection:
        desk = Desk(connection, "canonical")
        found = [figure for section in SECTIONS for figure in section.figures(desk)] + overview.lead(desk)["figures"]
        assert len(found) > 40
        for figure in found:
            assert re.search(r"\d", figure.n), figure.title
            # where nothing recurs there is nothing to draw, and the figure says so
            assert figure.data[1] or (figure.picture is None and figure.says), figure.title
            assert figure.picture is None or 'role="img" aria-label="' in figure.picture, figure.title
            assert len(connection.execute(figure.answer.sql).fetchall()) == len(figure.answer.rows), figure.title


def test_exposures_are_what_the_report_shows(dealership):
    with contextlib.closing(open_published(dealership[0])) as connection:
        assert exposures_file.text(connection) == (ROOT / EXPOSURES).read_text(encoding="utf-8")
    names = {it["name"] for it in yaml.safe_load((ROOT / EXPOSURES).read_text(encoding="utf-8"))["exposures"]}
    assert names == {f"report_{section.NAME}" for section in (FIRST, *SECTIONS)}


def test_a_reality_taken_out_of_a_query_stops_the_report(dealership, monkeypatch, tmp_path):
    """Its exposure still says that it is shown."""
    queries = dict(resolution.QUERIES)
    queries["months"] = queries["months"].replace("return_rate, ", "", 1)
    queries["teams"] = queries["teams"].replace("return_rate, ", "", 1)
    monkeypatch.setattr(resolution, "QUERIES", queries)
    with pytest.raises(CounterweightError, match=r"says that it shows resolution_quality\.return_rate and does not"):
        report(dealership[0], tmp_path / "lonely.html")
    assert not (tmp_path / "lonely.html").exists()


def test_a_reality_taken_out_of_the_report_fails_the_build(copied_project):
    """The same, with the exposures written anew: now plain dbt stops, and says which pair lost what."""
    path = copied_project.root / EXPOSURES
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    for exposure in declared["exposures"]:
        shown = exposure["config"]["meta"]["kpi_shows"]
        exposure["config"]["meta"]["kpi_shows"] = [
            it for it in shown if it not in ("resolution_quality.return_rate", "balanced_scorecard.reality")
        ]
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")
    with pytest.raises(CounterweightError) as stopped:
        run_dbt(copied_project, ["run", "--select", "stg_load__rejects"], {})
    said = str(stopped.value)
    assert re.search(
        r"exposure report_resolution shows resolution_quality\.reopen_rate, the headline of pair P24", said
    )
    assert re.search(r"exposure report_pairs shows balanced_scorecard\.headline\w*, the headline of", said), said


def test_a_query_shows_columns_under_their_own_names(dealership):
    with contextlib.closing(open_published(dealership[0])) as connection:
        renamed = {
            "cells": "select return_rate as harmless from marts.resolution_quality where source_system = $system"
        }
        with pytest.raises(CounterweightError, match=r"'harmless', which is no column of marts\.resolution_quality"):
            columns_shown(connection, renamed)
        two = {"cells": "select unit from marts.resolution_quality join marts.return_curves using (unit)"}
        with pytest.raises(CounterweightError, match=r"reads resolution_quality and return_curves: one mart a query"):
            columns_shown(connection, two)


def test_nothing_published_is_a_sentence(new_project):
    with pytest.raises(InputError, match="Nothing is published"):
        report(new_project("empty"))


def test_the_command_writes_beside_what_readers_see(dealership, monkeypatch):
    project, _ = dealership
    monkeypatch.setenv("COUNTERWEIGHT_WAREHOUSE", str(project.warehouse))
    monkeypatch.setenv("COUNTERWEIGHT_PUBLISHED", str(project.published))
    result = CliRunner().invoke(main, ["--project-dir", str(ROOT), "report"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "report.html" in result.output
    assert (project.published / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.fixture
def changed(dealership, tmp_path):
    """A function that gives the published file, changed by SQL, to a report of its own; returns the page's text."""
    project, _ = dealership

    def make(*statements):
        copy = dataclasses.replace(project, published=tmp_path / "published")
        shutil.copytree(project.current.resolve(), copy.published / "one")
        copy.current.symlink_to("one")
        with contextlib.closing(duckdb.connect(str(copy.current / FILE_NAME))) as connection:
            for statement in statements:
                connection.execute(statement)
        return report(copy).read_text(encoding="utf-8")

    make.file = project.current / FILE_NAME
    return make


def test_young_and_unobservable_look_unknown_never_good(changed):
    """Where nothing can be judged there is no rate, no zero, and no reading but that nothing is known."""
    text = changed(
        "update marts.resolution_quality set held_count = 0, falsified_count = 0, reopened_count = 0, "
        "cohort_count = 0, hidden_by_auto_close_count = 0, mature_count = 0, unobservable_count = 0, "
        "pending_count = claim_count, "
        "held_rate = null, return_rate = null, reopen_rate = null, hidden_by_auto_close_rate = null, return_oe = null, "
        "return_rate_low = null, return_rate_high = null, is_period_mature = false",
        "update marts.return_curves set at_risk_count = 0, returned_share = null, staying_share = null",
        "update marts.balanced_scorecard set headline = null, reality = null, gap = null, gap_low = null, "
        "gap_high = null, is_period_mature = false, reading = 'not_enough_data'",
    )
    lead = re.sub(r"<[^>]*>", " ", text[text.index("<h1>") : text.index("canonical-pairs-title")])
    assert "nothing can be judged yet" in lead
    assert re.search(r"It held\s+unknown", lead)
    assert "No headline can be judged here yet" in lead
    section = text[text.index('id="canonical-resolution-title"') :].split("</section>")[0]
    assert "Unknown, not good" in section
    assert "<svg" not in section


def test_texts_of_the_data_are_escaped(changed):
    """A team may be called anything."""
    text = changed("update marts.resolution_quality set unit = '<script>alert(1)</script>' where unit_type = 'team'")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text


PWNED = '</td></svg><script>window.pwned = 1</script><img src="https://pwned.example/x" onerror="window.pwned = 1">'


def test_texts_of_the_data_do_nothing_in_a_browser(changed, browser, tmp_path):
    """Every unit, category, family and account is called so, on every figure; a browser with scripts on sees text."""
    statements = []
    with contextlib.closing(duckdb.connect()) as connection:
        for table, column in columns_with_names(connection, changed):
            # what stands in brackets is ours: (all), (none)
            statements.append(
                f"update {table} set {column} = '{PWNED}\x1b[31m' || {column} "
                f"where {column} is not null and {column} not like '(%'"
            )
    assert len(statements) > 30
    path = tmp_path / "pwned.html"
    text = changed(*statements)
    path.write_text(text, encoding="utf-8")
    assert text.count("&lt;script&gt;window.pwned") > 100
    assert "<script" not in text
    tab = browser.new_page()
    asked = []
    tab.on("request", lambda it: asked.append(it.url))
    tab.on("dialog", lambda it: asked.append(it.message))
    tab.goto(path.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert tab.evaluate("[window.pwned, document.querySelectorAll('script, img, iframe, object, embed').length]") == [
        None, 0
    ]  # fmt: skip
    assert asked == [path.as_uri()]
    tab.close()


def columns_with_names(connection, changed):
    """(table, column) of everything in the published file that somebody outside named."""
    connection.execute(f"attach '{changed.file}' as published (read_only)")
    names = ("unit", "category", "subcategory", "team_id", "queue", "account_id", "family", "ticket_id", "channel")
    return connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() where database_name = 'published' "
        "and schema_name in ('dimensions', 'facts', 'marts') and data_type = 'VARCHAR' "
        "and list_contains(?, column_name)",
        [list(names)],
    ).fetchall()


@pytest.mark.parametrize(("headline", "reality", "ways", "one_scale", "expected"), [
    ([0.5, 0.6], [0.4, 0.2], ("higher", "higher"), True, [[100, 120], [80, 40]]),
    ([0.5, 0.6], [0.4, 0.2], ("higher", "higher"), False, [[100, 120], [100, 50]]),
    # lower is better: half of it is twice as good
    ([60, 30], [120, 240], ("lower", "lower"), True, [[100, 200], [50, 25]]),
    ([60, 30], [0.1, 0.2], ("lower", "higher"), False, [[100, 200], [100, 200]]),
    ([0.0, 0.1], [0.1, 0.1], ("higher", "higher"), True, None),
    ([0.1, 0.0], [0.1, 0.1], ("lower", "lower"), True, None),
])  # fmt: skip
def test_an_index_is_better_where_it_is_higher(headline, reality, ways, one_scale, expected):
    found = charts.indices(headline, reality, ways, one_scale)
    if expected is None:
        assert found is None
    else:
        assert [pytest.approx(side) for side in expected] == found


def test_a_gap_between_levels_stays_to_be_seen():
    """Headline 1, reality .86 in each month: each from its own start would be two equal lines."""
    row = {"headline": 1.0, "reality": 0.86, "gap": 0.14, "value_unit": "share"}
    same, other = ({"headline_direction": "higher", "reality_direction": way} for way in ("higher", "lower"))
    assert pairs._is_one_scale(row, same)
    assert not pairs._is_one_scale(row, other)
    # hidden backlog beside open tickets: the gap is no difference of both
    assert not pairs._is_one_scale({"headline": 37.0, "reality": 6.0, "gap": 0.1395, "value_unit": "count"}, same)
    assert pairs._is_one_scale({"headline": 67.0, "reality": 4437.0, "gap": 0.7056, "value_unit": "seconds"}, same)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", ["page", pytest.param("page_of_three", marks=pytest.mark.real)])
def test_a_browser_shows_it_offline_and_without_a_script(browser, which, width, request):
    """No request leaves, nothing is complained of, nothing is wider than the window, every picture has a size."""
    path = request.getfixturevalue(which)
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 900}, java_script_enabled=False, offline=True
    )
    requests, complaints = [], []
    tab = context.new_page()
    tab.on("request", lambda it: requests.append(it.url))
    tab.on("console", lambda it: complaints.append(it.text))
    tab.on("pageerror", lambda it: complaints.append(str(it)))
    tab.goto(path.as_uri())
    assert requests == [path.as_uri()]
    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    sizes = tab.evaluate("[...document.querySelectorAll('svg')].map(it => [it.clientWidth, it.clientHeight])")
    assert len(sizes) > 3
    assert min(min(size) for size in sizes) > 10
    context.close()


@pytest.mark.parametrize(
    ("which", "width"),
    [("page", "desktop"), ("page", "phone"), pytest.param("page_of_three", "phone", marks=pytest.mark.real)],
)
def test_axe_finds_no_violation(browser, which, width, request):
    """WCAG A and AA; on the desktop with all data unfolded, which is the same at any width."""
    tab = browser.new_page(viewport={"width": WIDTHS[width], "height": 900})
    tab.goto(request.getfixturevalue(which).as_uri())
    if width == "desktop":
        tab.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert len(found.response["passes"]) > 10
    assert [(it["id"], [node["target"] for node in it["nodes"]][:3]) for it in found.response["violations"]] == []
    tab.close()


def test_axe_would_find_one(browser, page, tmp_path):
    """A picture without words, and a language that nobody named."""
    text = page.read_text(encoding="utf-8")
    broken = re.sub(r'(<svg role="img") aria-label="[^"]*"', r"\1", text, count=1).replace('<html lang="en">', "<html>")
    path = tmp_path / "broken.html"
    path.write_text(broken, encoding="utf-8")
    tab = browser.new_page()
    tab.goto(path.as_uri())
    found = Axe().run(tab, options={"runOnly": ["wcag2a"]})
    assert {it["id"] for it in found.response["violations"]} == {"html-has-lang", "svg-img-alt"}
    tab.close()


def test_it_prints(browser, page):
    """On paper no figure is cut by a page's end, and nothing that only a screen can use is there."""
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.querySelector('.card')).breakInside") == "avoid"
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert len(tab.pdf(format="A4")) > 50_000
    tab.close()
