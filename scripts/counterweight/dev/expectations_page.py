"""Fill docs/expectations.md: each expectation, where it looks, what it asks and what to do.

    python -m counterweight.dev.expectations_page

The prose of the page is written by hand. What stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is written
here, from expectations/ and seeds/expectation_limits.csv.
"""

import csv
import re
from pathlib import Path

import yaml

from counterweight.dev import pages
from counterweight.expectations import LIMIT, read_suites
from counterweight.project import Project

PAGE = Path("docs") / "expectations.md"
# The list that every build is held against.
NUMBERS = tuple(f"E{number:02}" for number in range(1, 19))
TITLES = {
    "E01": "Reopenings within their budget",
    "E02": "The worklist is what the rates count",
    "E03": "Status and resolution follow from the changes",
    "E04": "Times of a resolution are there and in order",
    "E05": "Nothing is reopened that was closed for good",
    "E06": "Machines reopen little, and the tool counts as we do",
    "E07": "The tool's automations stay as they were",
    "E08": "Times of legs fit together",
    "E09": "A contact is the sum of its legs",
    "E10": "Customers are known, and one person each",
    "E11": "Surveys are answered after they are sent, on a scale",
    "E12": "No headline without its pair",
    "E13": "No figure before its time",
    "E14": "Categories are on the list, and say something",
    "E15": "Cells add up, and nobody can be worked out",
    "E16": "Feeds are fresh, whole, and not rewritten",
    "E17": "Targets are clear, and not on what only describes",
    "E18": "Clocks add up",
}


def number_of(identifier):
    """`E16` of `E16-late`; None of what is not in the list."""
    found = re.match(r"E\d\d\b", identifier)
    return found[0] if found else None


def held_by_tests(root):
    """[{id, question, tests}]: what data tests hold instead."""
    return yaml.safe_load((root / "expectations" / "_held_by_tests.yml").read_text(encoding="utf-8"))


def limits(root):
    with (root / "seeds" / "expectation_limits.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def limits_of(expectation):
    texts = [text for text in expectation.get("kwargs", {}).values() if isinstance(text, str)]
    return sorted({name for text in texts for name, _ in LIMIT.findall(text)})


def sections(project):
    rows = {}
    for suite in read_suites(project):
        for it in suite["expectations"]:
            line = (
                f"`{it['id']}`",
                f"{suite['border']}: `{suite['table']}`",
                it["kind"],
                _cell(it["question"]),
                _cell(it["what_to_do"]) if it["kind"] == "finding" else "",
            )
            rows.setdefault(number_of(it["id"]), []).append(line)
    for it in held_by_tests(project.root):
        names = ", ".join(f"`{name}`" for name in it["tests"])
        rows.setdefault(it["id"], []).append((names, "", "data test", _cell(it["question"]), ""))
    head = ("check", "looks at", "kind", "asks", "what to do")
    numbered = "\n\n".join(
        f"### {number} {TITLES[number]}\n\n{pages.table(head, rows.get(number, []))}" for number in NUMBERS
    )
    return {
        "numbered": numbered,
        "others": pages.table(head, rows.get(None, [])),
        "limits": pages.table(
            ("limit", "of", "value", "unit", "why"),
            [
                (f"`{name}`", system, value or "not declared", unit, why)
                for name, system, value, unit, why in (it.values() for it in limits(project.root))
            ],
        ),
    }


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def page(project):
    path = project.root / PAGE
    return pages.filled(path.read_text(encoding="utf-8"), sections(project), PAGE)


def main():
    project = Project.find()
    text = page(project)
    (project.root / PAGE).write_text(text, encoding="utf-8")
    print(f"expectations {PAGE}")


if __name__ == "__main__":
    main()
