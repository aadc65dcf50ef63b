"""What `summary` prints at the end of a run."""

import csv

from conftest import ROOT
from counterweight import summary


def test_every_pair_of_the_catalogue_is_named_once(dealership, capsys):
    """A desk with every raw table, other functions and types of claims that have no block of their own included."""
    summary.show(dealership[0])
    printed = capsys.readouterr().out
    assert "Of what canonical called resolved, how much held for 7 days?" in printed
    assert "After how many contacts of canonical did nobody come back in 7 days?" in printed
    with (ROOT / "seeds" / "kpi_pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = [row["pair_id"] for row in csv.DictReader(file)]
    assert len(pairs) == 43
    listed = printed.split("beside the reality it can hide")[1].split("Data to:")[0]
    assert [listed.count(pair) for pair in pairs] == [1] * 43


def test_every_computed_detector_is_named_once(dealership, capsys):
    """With a signal, quiet, or not evaluable for a reason."""
    summary.show(dealership[0])
    printed = capsys.readouterr().out
    with (ROOT / "seeds" / "detectors.csv").open(encoding="utf-8", newline="") as file:
        detectors = [row["detector"] for row in csv.DictReader(file) if row["is_computed"] == "true"]
    assert len(detectors) == 17
    listed = printed.split("respond to a target?")[1].split("Data to:")[0].replace(",", " ").split()
    assert [listed.count(detector) for detector in detectors] == [1] * 17


def test_a_pair_without_its_input_says_which(demo, capsys):
    """A log of tickets alone."""
    summary.show(demo)
    printed = capsys.readouterr().out
    assert "Not measurable: an input is missing" in printed
    assert "P20: no bot_sessions" in printed
