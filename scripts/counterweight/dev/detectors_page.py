"""Fill docs/detectors.md: the catalogue, each detector's rule and what was measured of it, with pictures.

    python -m counterweight.dev.detectors_page --score warehouse/score/score.json   with a new measurement
    python -m counterweight.dev.detectors_page                                      with the one in docs/detectors

The prose of the page is written by hand. What stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is written
here: from seeds/detectors.csv, from `config.meta` of the models in models/marts/detectors, and from the measures that
`counterweight score` made, of which a copy lies in docs/detectors/score.json.
"""

import argparse
import csv
import hashlib
import re
import shutil
from pathlib import Path

import yaml

from counterweight.dev import pages
from counterweight.dev.score_measures import CLASSES, MOST_ON_TRAPS, traps_of, worlds_of, written
from counterweight.errors import InputError
from counterweight.project import Project

PAGE = Path("docs") / "detectors.md"
PICTURES = Path("docs") / "detectors"
SCORE = PICTURES / "score.json"
MODELS = Path("models") / "marts" / "detectors"
NOTHING = (
    "*Not measured yet: run `counterweight score`, then `python -m counterweight.dev.detectors_page --score FILE`.*"
)
RULES = (
    ("formula", "Formula"),
    ("source", "Source"),
    ("traps", "Traps, and what is done about them"),
    ("cannot_say", "What it cannot say"),
)
MANY = ("honest_but_suspicious",)
PERIODS = (("month", "team and month"), ("to_date", "team to date"))


def catalogue(root):
    """The rows of the seed; empty cells are None."""
    with (root / "seeds" / "detectors.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def rules(root):
    """{detector: config.meta} of the models that are parts of `detector_statuses`."""
    parts = re.search(r"set parts = \[(.*?)\]", (root / MODELS / "detector_statuses.sql").read_text("utf-8"), re.S)
    parts = set(re.findall(r"'(\w+)'", parts[1]))
    found = {}
    for file in sorted((root / MODELS).glob("*.yml")):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models") or []:
            meta = model.get("config", {}).get("meta", {})
            if model["name"] in parts:
                parts.remove(model["name"])
                missing = [name for name in ("detector", *(name for name, _ in RULES)) if not meta.get(name)]
                if missing:
                    raise InputError(f"{file.name}: {model['name']}: config.meta needs {', '.join(missing)}.")
                found[meta["detector"]] = {name: " ".join(str(value).split()) for name, value in meta.items()}
    if parts:
        raise InputError(f"No yml in {MODELS} describes {', '.join(sorted(parts))}.")
    return found


def measures(root):
    """What was measured, or None."""
    path = root / SCORE
    return written(path) if path.exists() else None


def sections(root):
    """{section: text} of all but the pictures' captions."""
    rows, meta, found = catalogue(root), rules(root), measures(root)
    computed = [row for row in rows if row["is_computed"] == "true"]
    return {
        "catalogue": _catalogue(computed),
        "detectors": "\n\n".join(_detector(row, meta.get(row["detector"]), found) for row in computed),
        "not computed": pages.table(
            ("detector", "name", "what is done", "pair", "what it would need"),
            [
                (row["detector"], row["name"], row["behaviour"], row["pair_id"], _inputs(row["needs"]))
                for row in rows
                if row["is_computed"] != "true"
            ],
        ),
        **{
            name: make(found) if found else NOTHING
            for name, make in {
                "worlds": _worlds,
                "bar": _bar,
                "false signals": _false_signals,
                "traps": _traps,
                "power": _power,
                "right team": _right_team,
                "months": _months,
                "calibration": _calibration,
                "company": _company,
            }.items()
        },
    }


def _catalogue(rows):
    return pages.table(
        ("detector", "name", "what is done", "pair", "what is counted", "effect", "least effect", "least z", "least n"),
        [
            (
                f"[{row['detector']}](#{_anchor(row)})",
                row["name"],
                row["behaviour"],
                row["pair_id"],
                row["cases"],
                row["effect_unit"],
                _number(row["least_effect"]),
                _number(row["least_z"]),
                f"{int(row['min_n']):,}",
            )
            for row in rows
        ],
    )


def _title(row):
    return f"{row['detector']} · {row['name']}"


def _anchor(row):
    """As GitHub makes it of the title."""
    kept = re.sub(r"[^\w\- ]", "", _title(row).lower())
    return kept.replace(" ", "-")


def _number(text):
    return f"{float(text):g}"


def _inputs(text):
    return (text or "").replace(";", ", ")


def _detector(row, meta, found):
    lines = [f"### {_title(row)}", f"*{row['behaviour']}.* Read it with pair {row['pair_id']}."]
    if meta is None:
        lines.append("Not computed yet.")
        return "\n\n".join(lines)
    rules = [f"- **{title}.** {meta[name]}" for name, title in RULES]
    threshold = (
        f"- **Signal.** q < 0.05, z ≥ {_number(row['least_z'])} and effect ≥ {_number(row['least_effect'])} "
        f"({row['effect_unit']}), of at least {int(row['min_n']):,} {row['cases']}. Needs `"
        + "`, `".join((row["inputs"] or "").split(";"))
        + "`."
    )
    names = ", ".join(f"`{name}`" for name in worlds_of(row["detector"]))
    traps = ", ".join(f"`{name}`" for name in traps_of(row["detector"])) or "none"
    lines.append("\n".join((rules[0], threshold, *rules[1:], f"- **Measured** on {names}; lookalikes: {traps}.")))
    if found:
        lines.append(_power_by_n(row["detector"], found))
    return "\n\n".join(lines)


def _power_by_n(detector, found):
    """A row for each number of cases, a column for each intensity and period."""
    rows = [row for row in found["power"] if row["detector"] == detector]
    if not rows:
        return "Nothing gamed was there to be found."
    worlds = sorted({row["world"] for row in rows})
    parts = []
    for world in worlds:
        mine = [row for row in rows if row["world"] == world]
        columns = [
            (period, title, intensity)
            for period, title in PERIODS
            for intensity in sorted({row["intensity"] for row in mine})
        ]
        lines = []
        for least in sorted({row["n_from"] for row in mine}):
            cells = []
            for period, _, intensity in columns:
                one = [
                    row
                    for row in mine
                    if (row["n_from"], row["period_type"], row["intensity"]) == (least, period, intensity)
                ]
                cells.append(_found(one[0]) if one else "")
            lines.append((_class(least), *cells))
        head = ("n", *(f"{title}, {intensity:g}" for _, title, intensity in columns))
        parts.append((f"`{world}`:\n\n" if len(worlds) > 1 else "") + pages.table(head, lines))
    return "\n\n".join(parts)


def _class(least):
    later = [it for it in CLASSES if it > least]
    return f"{least:,} to {later[0] - 1:,}" if later else f"{least:,} and more"


def _found(row):
    """12 of 15: 80 % (55 to 93)."""
    if not row["evaluable"]:
        return f"not evaluable ({row['cells']})"
    return f"{row['signals']} of {row['evaluable']}: {_share(row)}"


def _share(row):
    if row["share"] is None:
        return "-"
    return f"{100 * row['share']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f})"


def _worlds(found):
    meanings = {
        "honest": "nobody games and nothing looks like it",
        "trap": "one lookalike, and nobody games",
        "suspicious": "many lookalikes at once, and nobody games",
        "gamed": "one behaviour",
        "mixed": "several behaviours",
    }
    rows = [
        (kind["kind"], meanings[kind["kind"]], kind["worlds"], f"{kind['desk_years']:.1f}")
        for kind in found["run"]["kinds"]
    ]
    seeds = [seed for kind in found["run"]["kinds"] for seed in (kind["first_seed"], kind["last_seed"])]
    return (
        pages.table(("worlds", "what they are", "how many", "desk-years"), rows)
        + f"\n\nSeeds {min(seeds):,} to {max(seeds):,}; code `{found['run']['code']}`."
    )


def _bar(found):
    marks = {True: "yes", False: "**no**", None: "not measured"}
    return pages.table(
        ("wanted", "measured", "met"), [(row["wanted"], row["measured"], marks[row["is_met"]]) for row in found["bar"]]
    )


def _false_signals(found):
    return pages.table(
        ("detector", "team and month", "team to date", "evaluated", "a desk-year", "95 %"),
        [
            (
                f"**{row['detector']}**" if row["detector"] == "all" else row["detector"],
                row["months"],
                row["to_date"],
                f"{row['evaluable']:,} of {row['cells']:,}",
                f"{row['a_year']:.2f}",
                f"{row['low']:.2f} to {row['high']:.2f}",
            )
            for row in found["false_signals"]
        ],
    )


def _traps(found):
    """Those that could be deceived, and of the others, and where all lookalikes meet, only those that speak."""
    quiet, shown = [], []
    for world, detector in dict.fromkeys((row["world"], row["detector"]) for row in found["traps"]):
        rows = {
            row["period_type"]: row for row in found["traps"] if (row["world"], row["detector"]) == (world, detector)
        }
        if (world in MANY or detector == "others") and not any(row["signals"] for row in rows.values()):
            quiet.append(f"`{world}`" if detector == "others" else detector)
            continue
        shown.append((f"`{world}`", detector, *(_trapped(rows.get(period)) for period, _ in PERIODS)))
    text = pages.table(("world", "detector", *(title for _, title in PERIODS)), shown)
    for what, names in (
        ("Where many lookalikes meet these are quiet everywhere", [it for it in quiet if "`" not in it]),
        ("The others are quiet everywhere on", [it for it in quiet if "`" in it]),
    ):
        if names:
            text += f"\n\n{what}: {', '.join(names)}."
    return text


def _trapped(row):
    if row is None:
        return ""
    if not row["evaluable"]:
        return f"not evaluable ({row['cells']})"
    text = f"{row['signals']} of {row['evaluable']}"
    if row["signals"]:
        text += f": {100 * row['share']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})"
    if row["share"] > MOST_ON_TRAPS:
        text = f"**{text}**"
    missing = row["cells"] - row["evaluable"]
    return text + (f"; {100 * missing / row['cells']:.0f} % not evaluable" if missing else "")


def _power(found):
    lines = []
    keys = dict.fromkeys((row["detector"], row["world"], row["intensity"]) for row in found["reached"])
    for detector, world, intensity in keys:
        cells = []
        for period, _ in PERIODS:
            row = next(
                (
                    row
                    for row in found["reached"]
                    if (row["detector"], row["world"], row["intensity"], row["period_type"])
                    == (detector, world, intensity, period)
                ),
                None,
            )
            enough = "" if row is None else "never" if row["enough_from"] is None else f"{row['enough_from']:,}"
            cells += [_found(row) if row else "", enough]
        lines.append((detector, f"`{world}`", f"{intensity:g}", *cells))
    head = ("detector", "world", "intensity")
    return pages.table((*head, *(cell for _, title in PERIODS for cell in (title, "80 % from n ="))), lines)


def _right_team(found):
    return pages.table(
        ("detector", "signals", "in a team that games", "share", "honest cells evaluated", "false ones"),
        [
            (row["detector"], row["signals"], row["right_team"], _share(row), f"{row['honest_cells']:,}", row["wrong"])
            for row in found["right_team"]
        ],
    )


def _months(found):
    return pages.table(
        ("detector", "world", "intensity", "teams", "median months", "never"),
        [
            (
                row["detector"],
                f"`{row['world']}`",
                f"{row['intensity']:g}",
                row["teams"],
                "more than there were" if row["median"] is None else row["median"],
                f"{100 * row['never'] / row['teams']:.0f} %",
            )
            for row in found["months_to_detect"]
        ],
    )


def _calibration(found):
    titles = dict(PERIODS)
    return pages.table(
        (
            "detector",
            "cells",
            "evaluated",
            "median n",
            "p < 0.05",
            "p < 0.01",
            "mean z",
            "sd of z",
            "greatest z",
            "noise",
        ),
        [
            (
                row["detector"],
                titles[row["period_type"]],
                f"{row['cells']:,}",
                f"{row['median_cases']:,}",
                f"{100 * row['below_5']:.1f} %",
                f"{100 * row['below_1']:.1f} %",
                f"{row['mean_z']:.2f}",
                "" if row["sd_z"] is None else f"{row['sd_z']:.2f}",
                f"{row['max_z']:.2f}",
                f"{row['noise']:.2f}",
            )
            for row in found["calibration"]
        ],
    )


def _company(found):
    lines = []
    for world in dict.fromkeys(row["world"] for row in found["company"]):
        said = [
            f"{row['detector']} ({row['signals']} of {row['evaluable']})"
            for row in sorted(found["company"], key=lambda row: -row["signals"])
            if row["world"] == world
        ]
        lines.append((f"`{world}`", ", ".join(said)))
    return (
        pages.table(("world", "detectors that spoke of its gamed teams as well"), lines)
        if lines
        else "No other speaks."
    )


def mark(root):
    """Stands in each picture, so that one of another measurement is noticed."""
    return hashlib.sha256((root / SCORE).read_bytes()).hexdigest()[:12]


def main():
    parser = argparse.ArgumentParser(description="Fill docs/detectors.md.")
    parser.add_argument("--score", metavar="FILE", help="the measures of `counterweight score` to take over")
    parser.add_argument("--tables", action="store_true", help="leave the pictures as they are")
    arguments = parser.parse_args()
    project = Project.find()
    (project.root / PICTURES).mkdir(parents=True, exist_ok=True)
    if arguments.score:
        shutil.copyfile(arguments.score, project.root / SCORE)
    made = sections(project.root)
    found = measures(project.root)
    if found and not arguments.tables:
        # what only this needs is in the group dev
        from counterweight.dev.detectors_pictures import pictures

        made |= pictures(found, project.root / PICTURES, mark(project.root))
    page = project.root / PAGE
    page.write_text(pages.filled(page.read_text(encoding="utf-8"), made, PAGE), encoding="utf-8")
    print(f"detectors {PAGE}")


if __name__ == "__main__":
    main()
