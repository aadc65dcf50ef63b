"""Pictures of what `counterweight score` measured, for docs/detectors.md. See detectors_page.py."""

import re
import textwrap

import altair as alt
import vl_convert

from counterweight.dev.score_measures import CLASSES, LEAST_CELLS, MOST_FALSE, MOST_ON_TRAPS, WANTED_POWER, worlds_of
from counterweight.dev.worlds_pictures import BLUE, FONT, GREY, ORANGE, _data, _small, _styled

LIGHT = "#9dbdd6"
PERIODS = {"month": "team and month", "to_date": "team to date"}
LIMIT = {"color": ORANGE, "strokeDash": [4, 3]}


def pictures(found, out, mark):
    """Draw all pictures into `out`; {section: caption}. `mark` says of which measurement they are."""
    captions = {}
    for name, (draw, alternative) in PICTURES.items():
        chart, caption = draw(found)
        svg = _smaller(vl_convert.vegalite_to_svg(_styled(chart).to_json()))
        (out / f"{name}.svg").write_text(f"{svg}\n<!-- measured {mark} -->\n", encoding="utf-8")
        captions[f"picture {name}"] = f"![{alternative}](detectors/{name}.svg)\n\n{textwrap.fill(caption, 118)}"
        print(f"detectors {name}.svg: {len(svg) / 1000:,.0f} kB")
    return captions


def _smaller(svg):
    """The font once for all, and no attribute that says what is so anyway: a map of numbers has hundreds of texts."""
    svg = re.sub(r' (opacity="1"|pointer-events="none"|stroke-width="1"(?= opacity))', "", _small(svg))
    svg = svg.replace(f' font-family="{FONT}"', "")
    return svg.replace("<svg ", f'<svg font-family="{FONT}" ', 1)


def _class_name(least):
    return f"{least // 1000}k" if least >= 1000 else str(least)


def _power(found, period):
    """A row a detector and world, a column a class of cases, a panel an intensity."""
    rows = [row for row in found["power"] if row["period_type"] == period and row["evaluable"]]
    # an intensity that one world alone has is in the tables
    rows = [row for row in rows if len({it["world"] for it in rows if it["intensity"] == row["intensity"]}) > 1]
    several = {row["detector"] for row in rows if row["world"] != worlds_of(row["detector"])[0]}
    values = [
        {
            "what": row["detector"] + (f" {row['world']}" if row["detector"] in several else ""),
            "n": _class_name(row["n_from"]),
            "intensity": f"intensity {row['intensity']:g}",
            "share": row["share"],
            "of": row["evaluable"],
            "said": f"{100 * row['share']:.0f}"
            if row["evaluable"] >= LEAST_CELLS
            else f"{row['signals']}/{row['evaluable']}",
        }
        for row in rows
    ]
    used = {row["n_from"] for row in rows}
    order = [_class_name(least) for least in CLASSES if least in used]
    what = list(dict.fromkeys(value["what"] for value in values))
    base = alt.Chart().encode(
        x=alt.X("n:O", sort=order, title="cases, from", axis=alt.Axis(labelAngle=0, grid=False)),
        y=alt.Y("what:N", sort=what, title=None, axis=alt.Axis(grid=False, labelLimit=200)),
    )
    scale = alt.Scale(type="threshold", domain=[0.2, 0.5, WANTED_POWER], range=["#f4f1ee", "#ecdccf", "#dcb79c", BLUE])
    chart = (
        alt.layer(
            base.mark_rect().encode(color=alt.Color("share:Q", scale=scale, legend=None)),
            base.mark_text(fontSize=10).encode(
                text="said:N",
                color=alt.condition(f"datum.share >= {WANTED_POWER}", alt.value("white"), alt.value("#333")),
            ),
            data=_data(values),
        )
        .properties(width=28 * len(order), height=18 * len(what))
        .facet(column=alt.Column("intensity:N", title=None), spacing=10)
    )
    return chart, (
        f"Found of the gamed cells that could be evaluated, {PERIODS[period]}, by number of cases and intensity: "
        f"per cent, or so many of how many where there are fewer than {LEAST_CELLS}. Blue: at least the "
        f"{100 * WANTED_POWER:.0f} % that are wanted. What a case is differs between detectors: the catalogue says it."
    )


def power_month(found):
    return _power(found, "month")


def power_to_date(found):
    return _power(found, "to_date")


def false_signals(found):
    values = [
        {"detector": row["detector"], "a_year": row["a_year"], "low": row["low"], "high": row["high"]}
        for row in found["false_signals"]
    ]
    order = [value["detector"] for value in values]
    base = alt.Chart(_data(values)).encode(y=alt.Y("detector:N", sort=order, title=None))
    chart = (
        base.mark_rule(color=GREY).encode(x=alt.X("low:Q", title="false signals a desk-year"), x2="high:Q")
        + base.mark_point(filled=True, size=50, color=BLUE, opacity=1).encode(x="a_year:Q")
        + alt.Chart(_data([{"limit": MOST_FALSE}])).mark_rule(**LIMIT).encode(x="limit:Q")
    )
    every = next(row for row in found["false_signals"] if row["detector"] == "all")
    return chart.properties(width=460, height=18 * len(values)), (
        f"Signals in a year of a desk where nobody games, months and to date together: "
        f"{every['months'] + every['to_date']} in {every['desk_years']:g} desk-years, which is {every['a_year']:.2f} a "
        f"year ({every['low']:.2f} to {every['high']:.2f}). Bars are exact 95 % intervals of a count; dashed: the one "
        "a year that all detectors together may have."
    )


def traps(found):
    rows = [row for row in found["traps"] if row["detector"] != "others" and row["evaluable"]]
    rows = [row for row in rows if row["world"] != "honest_but_suspicious" or row["signals"]]
    values = [
        {
            "trap": f"{row['world']} · {row['detector']}",
            "period": PERIODS[row["period_type"]],
            "share": row["share"],
            "low": row["low"],
            "high": row["high"],
        }
        for row in rows
    ]
    order = list(dict.fromkeys(value["trap"] for value in values))
    names = list(PERIODS.values())
    base = alt.Chart(_data(values)).encode(
        y=alt.Y("trap:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("period:N", sort=names),
        color=alt.Color("period:N", title=None, scale=alt.Scale(domain=names, range=[BLUE, LIGHT])),
    )
    top = max([0.2, *(value["share"] for value in values)])
    x = alt.X("low:Q", title="share of the teams with a signal", axis=alt.Axis(format="%"))
    chart = (
        base.mark_rule(clip=True).encode(x=x.scale(domain=[0, round(top + 0.05, 2)]), x2="high:Q")
        + base.mark_point(filled=True, size=40, opacity=1).encode(x="share:Q")
        + alt.Chart(_data([{"limit": MOST_ON_TRAPS}])).mark_rule(**LIMIT).encode(x="limit:Q")
    )
    loud = sum(value["share"] > MOST_ON_TRAPS for value in values)
    return chart.properties(width=420, height=22 * len(order)), (
        "Honest worlds that look like gaming, each with the detectors that it could deceive: share of the teams with a "
        "signal, of those that could be evaluated, with 95 % intervals (Wilson). Dashed: 5 %. Above it lie "
        f"{loud} of {len(values)}. Of `honest_but_suspicious`, where many lookalikes meet, only detectors that spoke "
        "are drawn."
    )


PICTURES = {
    "power_month": (power_month, "Heat map: gamed teams found by month, by detector, number of cases and intensity"),
    "power_to_date": (power_to_date, "Heat map: gamed teams found to date, by detector, number of cases and intensity"),
    "false_signals": (false_signals, "False signals a desk-year by detector, with intervals"),
    "traps": (traps, "Share of honest teams with a signal on each lookalike"),
}
