"""Names of KPIs from elsewhere, in two halves, and names that are none."""

import random
from pathlib import Path

import yaml

# YAML by another name: dbt reads what is called .yml among tests
NAMES = yaml.safe_load(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"))
INNOCENT = {kind: names.split() for kind, names in NAMES["innocent"].items()}


def halves(seed=6):
    """(looked at, never looked at) while the words of `looks_like_a_headline` were chosen."""
    names = sorted(set(NAMES["kpis"].split()))
    random.Random(seed).shuffle(names)
    return sorted(names[: len(names) // 2]), sorted(names[len(names) // 2 :])
