"""docs/worlds.md says what worlds can be today, and shows every picture that there is."""

import re

import pytest

from conftest import ROOT
from counterweight.dev.worlds_page import PAGE, PICTURES, filled, tables

WRITTEN = (ROOT / PAGE).read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code():
    assert filled(WRITTEN, tables()) == WRITTEN, "run python -m counterweight.dev.worlds_page --tables"


def test_a_stale_table_is_noticed():
    stale = WRITTEN.replace("| `auto_close_days` |", "| `auto_close_hours` |")
    assert stale != WRITTEN
    assert filled(stale, tables()) == WRITTEN


def test_a_section_without_its_marks_is_an_error():
    with pytest.raises(ValueError, match="no section worlds"):
        filled(WRITTEN.replace("<!-- end worlds -->", ""), {"worlds": "x"})


def test_each_picture_is_there_and_shown():
    shown = re.findall(r"!\[[^\]]+\]\(worlds/(\w+\.svg)\)", WRITTEN)
    assert sorted(shown) == sorted(file.name for file in (ROOT / PICTURES).iterdir())
    marked = re.findall(r"<!-- begin picture (\w+) -->", WRITTEN)
    assert [f"{name}.svg" for name in marked] == shown


def test_no_picture_is_large_or_fetches_anything():
    for file in sorted((ROOT / PICTURES).iterdir()):
        text = file.read_text(encoding="utf-8")
        assert len(text) < 60_000, file.name
        assert not re.search(r"(?:href|src)=|@import|url\(http", text), file.name


def test_no_example_is_empty():
    for name in re.findall(r"<!-- begin (example \w+) -->", WRITTEN):
        assert f"<!-- begin {name} -->\n<!-- end {name} -->" not in WRITTEN, (
            "run python -m counterweight.dev.worlds_page"
        )
