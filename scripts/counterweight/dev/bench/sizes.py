"""Sizes as people write them."""

import re

from counterweight.errors import InputError

WORDS = {"": 1, "thousand": 1000, "million": 1_000_000}


def parse_sizes(text):
    """'1,3,10 million' as [1000000, 3000000, 10000000]: a word counts for all numbers before it that have none."""
    found, waiting = [], []
    for part in text.replace("_", "").split(","):
        matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(thousand|million|)\s*", part)
        if not matched:
            raise InputError(f"--interactions: '{part.strip()}' is no size. Write '1,3,10 million', or 20000.")
        number, word = matched.groups()
        waiting.append(float(number))
        if word:
            found += [round(each * WORDS[word]) for each in waiting]
            waiting = []
    found += [round(each) for each in waiting]
    if min(found) < 1000:
        raise InputError("--interactions: fewer than 1,000 say nothing.")
    return sorted(set(found))
