"""docs/detectors.md says what the detectors are today, and what was measured of them."""

import re
import shutil

import pytest

from conftest import ROOT
from counterweight.dev import detectors_page as page
from counterweight.dev import score_measures as measures
from counterweight.dev.pages import filled
from counterweight.errors import InputError

WRITTEN = (ROOT / page.PAGE).read_text(encoding="utf-8")
SHOWN = re.findall(r"!\[[^\]]+\]\(detectors/(\w+\.svg)\)", WRITTEN)


def test_the_tables_are_those_of_the_seed_the_models_and_the_measures():
    sections = page.sections(ROOT)
    assert filled(WRITTEN, sections, page.PAGE) == WRITTEN, "run python -m counterweight.dev.detectors_page"


def test_a_stale_table_is_noticed():
    stale = WRITTEN.replace("Status parking", "Status barking")
    assert stale != WRITTEN
    assert filled(stale, page.sections(ROOT), page.PAGE) == WRITTEN


def test_each_picture_is_there_and_of_this_measurement():
    files = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / page.PICTURES).glob("*.svg")}
    assert sorted(SHOWN) == sorted(files)
    for name, text in files.items():
        assert f"<!-- measured {page.mark(ROOT)} -->" in text, f"{name}: run python -m counterweight.dev.detectors_page"
        assert len(text) < 90_000, name
        assert not re.search(r"(?:href|src)=|@import|url\(http", text), name


def test_the_measures_are_shown_with_pictures():
    assert bool(SHOWN) == (ROOT / page.SCORE).exists()


def test_each_heading_that_the_catalogue_links_to_is_there():
    anchors = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in WRITTEN.splitlines()
        if line.startswith("#")
    }
    linked = set(re.findall(r"\]\(#([^)]+)\)", WRITTEN))
    assert linked <= anchors, linked - anchors


def test_the_measures_come_back_as_they_were_written(tmp_path):
    found = {"run": {"worlds": 2}, "power": [{"a": 1, "b": None}, {"a": 2.5, "b": "ä"}], "traps": []}
    measures.write(found, tmp_path / "score.json")
    assert measures.written(tmp_path / "score.json") == found


@pytest.fixture
def measured(tmp_path):
    """A project of its own with a small measurement: two worlds of D07, an honest one and a gamed one."""
    for folder in ("seeds", page.MODELS):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    connection = measures.read([])
    for world, kind, unit, since in (
        ("honest", "honest", "A", None), ("honest", "honest", "B", None),
        ("status_parking", "gamed", "A", "2024-07-02"), ("status_parking", "gamed", "B", None),
        ("vendor_waits", "trap", "A", None),
    ):  # fmt: skip
        for month in range(1, 13):
            connection.execute(
                """
                insert into results by name select ? as run, ? as world, ? as kind, 0.25 as intensity, 12 as months,
                    7 as seed, 'c' as code, 'D07' as detector, ? as unit, 'month' as period_type,
                    make_date(2024, ?, 1) as period_start, if(? and ? >= 7, 'signal', 'quiet') as status,
                    120 as case_count, 0.5 as z, 1 as noise, 0.3 as p, ?::timestamp as gamed_since,
                    ? as acts
                """,
                [world, world, kind, unit, month, since is not None, month, since, int(since is not None)],
            )
    (tmp_path / page.PICTURES).mkdir(parents=True)
    measures.write(measures.measure(connection), tmp_path / page.SCORE)
    return tmp_path


def test_a_measurement_becomes_tables(measured):
    sections = page.sections(measured)
    assert "| all" not in sections["false signals"]
    assert "| **all** | 0 | 0 | 24 of 24 | 0.00 | 0.00 to 3.69 |" in sections["false signals"]
    assert "| D07 | `status_parking` | 0.25 | 6 of 6: 100 % (61 to 100) | 100 |  |  |" in sections["power"]
    assert "| 100 to 199 | 6 of 6: 100 % (61 to 100) |" in sections["detectors"]
    assert "| `vendor_waits` | D07 | 0 of 12 |  |" in sections["traps"]
    assert "| D07 | `status_parking` | 0.25 | 1 | 1 | 0 % |" in sections["months"]
    assert "| D07 | 6 | 6 | 100 % (61 to 100) | 18 | 0 |" in sections["right team"]


def test_a_measurement_becomes_pictures(measured, tmp_path):
    vl_convert = pytest.importorskip("vl_convert")
    del vl_convert
    from counterweight.dev.detectors_pictures import PICTURES, pictures

    # a picture of one world's intensity is empty, and drawn all the same
    captions = pictures(page.measures(measured), measured / page.PICTURES, page.mark(measured))
    assert {name.removeprefix("picture ") for name in captions} == set(PICTURES)
    for name in PICTURES:
        assert f"<!-- begin picture {name} -->" in WRITTEN
        assert page.mark(measured) in (measured / page.PICTURES / f"{name}.svg").read_text(encoding="utf-8")


def test_a_detector_that_nobody_describes_is_named(measured):
    file = measured / page.MODELS / "_detectors_d07__models.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("cannot_say:", "could_say:"), encoding="utf-8")
    with pytest.raises(InputError, match=r"detector_d07_status_parking: config.meta needs cannot_say"):
        page.rules(measured)
    file.unlink()
    with pytest.raises(InputError, match=r"describes detector_d07_status_parking"):
        page.rules(measured)
