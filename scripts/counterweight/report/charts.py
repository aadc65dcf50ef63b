"""Pictures of the report: Altair to SVG, in one style. Same values, same bytes; nothing is loaded by the page.

Headlines are dashed and grey, realities solid and blue, the gap between them is shaded, and colour is never the only
sign.
"""

import html
import re

import altair as alt
import vl_convert

# The font that comes with vl-convert, so that no machine's own fonts move a label; the page has others to fall back on.
FONT = "Liberation Sans"
INK, GREY, PALE, GRID = "#1c1f26", "#646b78", "#c9ced6", "#e6e8eb"
REALITY, HEADLINE, HIDDEN, WARN = "#0b6a91", "#646b78", "#f7dcdf", "#a61b34"
# The parts of a whole, from what held to what nobody can know.
PARTS = {
    "held": "#0b6a91", "reopened": "#e08a00", "hidden": "#a61b34", "otherwise": "#d5697c",
    "unobservable": "#9aa1ad", "not known yet": "#d7dbe1",
}  # fmt: skip
# What a reading's sign is. Words stand beside it always.
KINDS = {
    "blindfold": "▲▼", "both_worse": "▼▼", "aligned": "=", "not_enough_data": "?", "not_measurable": "-",
    "signal": "!", "quiet": "○", "unknown": "?",
}  # fmt: skip
# Widths of a third, a half and the whole of the page, in pixels before it is scaled.
THIRD, HALF, WIDE = 340, 540, 1100
PADDING = {"left": 2, "right": 6, "top": 6, "bottom": 2}


def draw(chart, says, name):
    """The chart as SVG that scales with the page. `says` is what a screen reader says; `name` is unique on the page."""
    svg = vl_convert.vegalite_to_svg(_styled(chart).to_json())
    svg = re.sub(r"\d+\.\d{3,}", lambda it: f"{float(it[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r' (role|aria-roledescription|aria-hidden|class|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r' (opacity="1"|stroke-width="1"(?= opacity))', "", svg).replace(f' font-family="{FONT}"', "")
    # one page holds many pictures
    svg = re.sub(r"""(id="|url\(#|href="#)""", rf"\g<1>{name}-", svg)
    width, height = re.search(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"', svg).groups()
    head = (
        f'<svg role="img" aria-label="{html.escape(says)}" style="max-width:{width}px" viewBox="0 0 {width} {height}"'
    )
    # its words may hold a team's name, and that a backslash
    return re.sub(r"^.*?<svg [^>]*?viewBox=\"[^\"]*\"", lambda _: head, svg, count=1, flags=re.DOTALL)


def _styled(chart):
    return (
        chart.configure(font=FONT, background="transparent", padding=PADDING, aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", labelColor=GREY, titleColor=GREY,
            gridColor=GRID, domain=False, ticks=False, labelPadding=6,
        )
        .configure_legend(labelFontSize=11, titleFontSize=11, labelColor=INK, titleColor=GREY, symbolType="square")
    )  # fmt: skip


def data(rows):
    return alt.Data(values=rows)


def _months(values, most=8):
    """An axis of months with no more labels than fit."""
    step = max(1, -(-len(values) // most))
    return alt.X("month:O", sort=values, title=None, axis=alt.Axis(values=values[::step], labelAngle=0, grid=False))


def indices(headline, reality, directions, is_one_scale):
    """Both sides as indices where up is better, 100 at the start: of the headline, where both are on one scale, so that
    the gap between them stays to be seen; else of each. None where a side starts at 0, or a lower-is-better one falls
    to it.
    """
    found = []
    start = next((value for value in headline if value is not None), None)
    for values, direction in zip((headline, reality), directions, strict=True):
        if not is_one_scale:
            start = next((value for value in values if value is not None), None)
        known = [value for value in values if value is not None]
        if not start or start < 0 or (direction == "lower" and min(known) <= 0):
            return None
        shares = [None if it is None else start / it if direction == "lower" else it / start for it in values]
        found.append([None if it is None else 100 * it for it in shares])
    return found


def pair(months, headline, reality, directions, is_one_scale, says, name):
    """Headline (dashed) and reality (solid) as indices where up is better, the gap shaded. `months` are labels.

    Where an index cannot be made, the values themselves are drawn. The axis begins at 0: a small gap looks small.
    """
    sides = indices(headline, reality, directions, is_one_scale)
    title = "better ↑ (headline's start = 100)" if is_one_scale else "better ↑ (each start = 100)"
    is_drawn_as_index = sides is not None
    if not sides:
        sides, title = (headline, reality), f"value, {'better' if directions[1] == 'higher' else 'worse'} ↑"
    rows = [
        {"month": month, "headline": one, "reality": other}
        for month, one, other in zip(months, *sides, strict=True)
        if one is not None and other is not None
    ]
    values = [row[side] for row in rows for side in ("headline", "reality")]
    height, shown = 130, [row["month"] for row in rows]
    scale = alt.Scale(domain=[min(0, *values), max(*values) * 1.08 or 1], nice=True)
    x = _months(shown, 4)
    ends = _ends(
        [row | {"series": side, "value": row[side]} for row in rows for side in ("headline", "reality")],
        ("headline", "reality"),
        "month",
        height,
    )
    color = alt.Color(
        "series:N", legend=None, scale=alt.Scale(domain=["headline", "reality"], range=[HEADLINE, REALITY])
    )
    base = alt.Chart(data(rows))

    def y(side, **more):
        return alt.Y(f"{side}:Q", scale=scale, **more)

    axis = alt.Axis(tickCount=4, format="d" if max(values) >= 10 else "~g")
    # between values that are on no common scale there is no gap to see
    chart = (
        base.mark_area(color=HIDDEN, opacity=1 if is_drawn_as_index else 0)
        .encode(x=x, y=y("headline", title=title, axis=axis), y2="reality:Q")
        + base.mark_line(color=HEADLINE, strokeDash=[5, 4], strokeWidth=2).encode(x=x, y=y("headline"))
        + base.mark_line(color=REALITY, strokeWidth=2.5).encode(x=x, y=y("reality"))
        + alt.Chart(data(ends)).mark_text(align="left", dx=6, fontSize=11, fontWeight="bold")
        .encode(x=x, y=y("at"), text="series:N", color=color)
    ).properties(width=THIRD - 100, height=height)  # fmt: skip
    return draw(chart, says, name)


def parts(counts, says, name, width=WIDE):
    """One bar of a whole: {part: count}, parts of PARTS. Each part has its number and its name below."""
    whole = sum(counts.values())
    rows, start = [], 0
    for part, count in counts.items():
        rows.append(
            {
                "part": part,
                "from": start / whole,
                "to": (start + count) / whole,
                "color": PARTS[part],
                "n": f"{count:,}",
            }
        )
        start += count
    base = alt.Chart(data(rows)).encode(
        x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1]), axis=None), x2="to:Q",
        color=alt.Color("color:N", scale=None),
    )  # fmt: skip
    return draw(base.mark_bar(height=34, stroke="white", strokeWidth=1).properties(width=width, height=36), says, name)


def lines(
    rows,
    says,
    name,
    kinds,
    x="month",
    y_title="",
    y_format="~s",
    width=HALF - 130,
    height=220,
    low=None,
    high=None,
    zero=True,
):
    """Lines over `x`: rows {x, series, value}. `kinds`: {series: "headline", "reality" or "other"} in the order of
    labels; `low`, `high` are names of a band's bounds in the rows, drawn where they are."""
    styles = {"headline": (HEADLINE, [5, 4]), "reality": (REALITY, [1, 0]), "other": ("#e08a00", [2, 3])}
    names = list(kinds)
    scale = alt.Scale(domain=names, range=[styles[kinds[it]][0] for it in names])
    dash = alt.Scale(domain=names, range=[styles[kinds[it]][1] for it in names])
    rows = [row for row in rows if row["value"] is not None]
    is_number = rows and isinstance(rows[0][x], int | float)
    axis = (
        alt.X(f"{x}:Q", title=x.replace("_", " "), axis=alt.Axis(grid=False, tickCount=8))
        if is_number
        else _months(list(dict.fromkeys(row[x] for row in rows)))
    ).copy()
    y = alt.Y("value:Q", title=y_title, axis=alt.Axis(format=y_format, tickCount=5), scale=alt.Scale(zero=zero))
    color = alt.Color("series:N", scale=scale, legend=None)
    base = alt.Chart(data(rows))
    layers = []
    if low:
        band = alt.Chart(data([row for row in rows if row.get(low) is not None]))
        layers.append(band.mark_area(opacity=0.15).encode(x=axis, y=alt.Y(f"{low}:Q"), y2=f"{high}:Q", color=color))
    layers.append(
        base.mark_line(strokeWidth=2.2).encode(
            x=axis, y=y, color=color, strokeDash=alt.StrokeDash("series:N", scale=dash, legend=None)
        )
    )
    layers.append(
        alt.Chart(data(_ends(rows, names, x, height))).mark_text(align="left", dx=8, fontSize=11, fontWeight="bold")
        .encode(x=axis, y="at:Q", text="series:N", color=color)
    )  # fmt: skip
    return draw(alt.layer(*layers).properties(width=width, height=height), says, name)


def _ends(rows, names, x, height):
    """Where each series' label stands: at its last point, moved so that none lie on each other."""
    last = {row["series"]: row for row in rows}
    values = [row["value"] for row in rows]
    # an axis begins at 0
    apart = 14 * (max(0, *values) - min(0, *values)) / height if values else 0
    ends, below = [], None
    for row in sorted((last[it] for it in names if it in last), key=lambda it: it["value"]):
        at = row["value"] if below is None else max(row["value"], below + apart)
        ends.append({x: row[x], "at": at, "series": row["series"]})
        below = at
    return ends


def intervals(
    rows, says, name, title, x_format=".0%", middle=None, middle_words="all", width=HALF - 170, color_of=None
):
    """A dot and its interval a row {label, value, low, high}, in the order given. Coloured only where the whole
    interval lies on one side of `middle`; `color_of` says otherwise (row -> "over", "under" or None)."""

    def side(row):
        if color_of is not None:
            return color_of(row)
        if middle is None or row["low"] is None:
            return None
        return "over" if row["low"] > middle else "under" if row["high"] < middle else None

    colors = {"over": WARN, "under": REALITY, None: GREY}
    signs = {"over": " ▲", "under": " ▼", None: ""}
    rows = [row | {"color": colors[side(row)], "label": row["label"] + signs[side(row)]} for row in rows]
    order = [row["label"] for row in rows]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelLimit=230)),
        color=alt.Color("color:N", scale=None),
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=x_format, tickCount=6), scale=alt.Scale(zero=False))
    layers = [
        base.mark_rule(strokeWidth=7, strokeCap="round", opacity=0.3).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=x),
    ]
    if middle is not None:
        at = alt.Chart(data([{"at": middle, "words": middle_words}]))
        layers.append(at.mark_rule(strokeDash=[4, 3], color=GREY).encode(x="at:Q"))
        layers.append(at.mark_text(dy=-6, y=0, fontSize=10, color=GREY).encode(x="at:Q", text="words:N"))
    return draw(alt.layer(*layers).properties(width=width, height=max(40, 24 * len(rows))), says, name)


def bars(rows, says, name, title, x_format="~s", width=HALF - 240, color=REALITY):
    """Horizontal bars {label, value, text}, in the order given; the value in words stands at the bar's end."""
    order = [row["label"] for row in rows]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelLimit=260)),
        x=alt.X("value:Q", title=title, axis=alt.Axis(format=x_format, tickCount=5)),
    )
    layers = [base.mark_bar(height=14, color=color)]
    if rows and "text" in rows[0]:
        layers.append(base.mark_text(align="left", dx=5, fontSize=11, color=INK).encode(text="text:N"))
    return draw(alt.layer(*layers).properties(width=width, height=max(30, 24 * len(rows))), says, name)


def dots(
    rows,
    says,
    name,
    title,
    x_format=".0%",
    width=HALF - 270,
    middle=None,
    middle_words="",
    right=None,
    reach=(),
):
    """Two marks a row {label, headline, reality, low, high, tick, text}, in the order given: an open ring where the
    headline is, a solid dot where the reality is, and what lies between them shaded. All but the label may be None or
    missing: low and high are the reality's interval, `tick` is a third value, `text` stands right of the row, under
    `right`. The axis reaches at least to the values of `reach`, so that a small difference looks small."""
    empty = {"headline": None, "reality": None, "low": None, "high": None, "tick": None, "text": ""}
    rows = [empty | row for row in rows]
    values = [row[it] for row in rows for it in ("headline", "reality", "low", "high", "tick") if row[it] is not None]
    values += [*reach, *([] if middle is None else [middle])]
    margin = (max(values) - min(values)) * 0.04 or 0.05 * abs(max(values)) or 1
    scale = alt.Scale(domain=[min(values) - margin, max(values) + margin], nice=False, zero=False)
    height = max(40, 24 * len(rows))
    y = alt.Y(
        "label:N", sort=[row["label"] for row in rows], title=None, axis=alt.Axis(labelColor=INK, labelLimit=260),
        scale=alt.Scale(domain=[row["label"] for row in rows]),
    )  # fmt: skip

    def layer(*needed):
        return alt.Chart(data([row for row in rows if all(row[it] is not None for it in needed)])).encode(y=y)

    def x(value):
        return alt.X(f"{value}:Q", title=title, axis=alt.Axis(format=x_format, tickCount=6), scale=scale)

    layers = [
        layer("headline", "reality").mark_rule(strokeWidth=9, color=HIDDEN).encode(x=x("headline"), x2="reality:Q"),
        layer("low", "high").mark_rule(strokeWidth=3, color=REALITY, opacity=0.45).encode(x=x("low"), x2="high:Q"),
        layer("tick").mark_tick(thickness=2, size=14, color=INK).encode(x=x("tick")),
        layer("headline")
        .mark_point(filled=False, size=80, color=HEADLINE, strokeWidth=2, strokeDash=[3, 2])
        .encode(x=x("headline")),
        layer("reality").mark_point(filled=True, size=70, color=REALITY, opacity=1).encode(x=x("reality")),
        layer().mark_text(align="left", fontSize=11, color=INK).encode(x=alt.value(width + 10), text="text:N"),
    ]
    if right:
        head = alt.Chart(data([{"words": right}])).mark_text(align="left", fontSize=10, color=GREY)
        layers.append(head.encode(x=alt.value(width + 10), y=alt.value(-8), text="words:N"))
    if middle is not None:
        at = alt.Chart(data([{"at": middle, "words": middle_words}]))
        layers.append(at.mark_rule(strokeDash=[4, 3], color=GREY).encode(x=alt.X("at:Q", scale=scale)))
        layers.append(
            at.mark_text(fontSize=10, color=GREY).encode(x=alt.X("at:Q", scale=scale), y=alt.value(-8), text="words:N")
        )
    return draw(alt.layer(*layers).properties(width=width, height=height), says, name)


# The ground and the ink of a cell by what its sign says; the sign stands in the cell.
CELLS = {
    "blindfold": ("#f7d3d9", WARN), "signal": ("#f7d3d9", WARN), "both_worse": ("#fbe6bf", "#7a4a00"),
    "aligned": ("#d5e8f2", "#0a5a7c"), "quiet": ("#d5e8f2", "#0a5a7c"), "unknown": ("#eef0f2", GREY),
    "not_enough_data": ("#eef0f2", GREY), "not_measurable": ("#eef0f2", GREY),
}  # fmt: skip


def grid(rows, says, name, x, y, width=WIDE - 270, cell_height=24, x_angle=-35):
    """A cell for each {x, y, kind, text}: `x` and `y` are the lists of columns and rows in their order. The kind's sign
    and the text stand in the cell, so that it can be read without colours."""
    rows = [
        row
        | {
            "fill": CELLS[row["kind"]][0],
            "ink": CELLS[row["kind"]][1],
            "sign": f"{KINDS[row['kind']]} {row['text']}".strip(),
        }
        for row in rows
    ]
    base = alt.Chart(data(rows)).encode(
        x=alt.X(
            "x:N", sort=x, title=None,
            axis=alt.Axis(orient="top", labelAngle=x_angle, labelLimit=210, labelColor=INK, grid=False),
        ),
        y=alt.Y("y:N", sort=y, title=None, axis=alt.Axis(labelColor=INK, labelLimit=260, grid=False)),
    )  # fmt: skip
    layers = [
        base.mark_rect(stroke="white", strokeWidth=2).encode(color=alt.Color("fill:N", scale=None)),
        base.mark_text(fontSize=11, fontWeight="bold").encode(text="sign:N", color=alt.Color("ink:N", scale=None)),
    ]
    return draw(
        alt.layer(*layers).resolve_scale(color="independent").properties(width=width, height=cell_height * len(y)),
        says,
        name,
    )


def against(rows, says, name, title, expected_words, width=WIDE - 520):
    """Horizontal bars {label, value, expected, text} in the order given; a mark where the end was expected."""
    order = [row["label"] for row in rows]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelLimit=300))
    )
    x = alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5))
    mark = [row for row in rows if row["expected"] is not None]
    layers = [
        base.mark_bar(height=14, color=REALITY).encode(x=x),
        alt.Chart(data(mark)).mark_tick(thickness=3, size=20, color=HEADLINE)
        .encode(y=alt.Y("label:N", sort=order), x="expected:Q"),
        base.mark_text(align="left", dx=8, fontSize=11, color=INK).encode(x=x, text="text:N"),
    ]  # fmt: skip
    if mark:
        layers.append(
            alt.Chart(data(mark[:1] and [mark[0] | {"words": expected_words}]))
            .mark_text(align="left", dy=-16, fontSize=10, color=GREY)
            .encode(y=alt.Y("label:N", sort=order), x="expected:Q", text="words:N")
        )
    return draw(alt.layer(*layers).properties(width=width, height=max(40, 24 * len(rows))), says, name)


def since(rows, says, name, kinds, at=None, at_words="", y_title="", width=HALF - 140, height=230):
    """Lines over months as `lines`, with a rule at the month `at` and its words: what changed then."""
    styles = {"headline": (HEADLINE, [5, 4]), "reality": (REALITY, [1, 0]), "other": ("#e08a00", [2, 3])}
    names = list(kinds)
    rows = [row for row in rows if row["value"] is not None]
    color = alt.Color(
        "series:N", legend=None, scale=alt.Scale(domain=names, range=[styles[kinds[it]][0] for it in names])
    )
    dash = alt.StrokeDash(
        "series:N", legend=None, scale=alt.Scale(domain=names, range=[styles[kinds[it]][1] for it in names])
    )
    axis = _months(list(dict.fromkeys(row["month"] for row in rows)))
    y = alt.Y("value:Q", title=y_title, axis=alt.Axis(format="~s", tickCount=5))
    layers = [
        alt.Chart(data(rows)).mark_line(strokeWidth=2.2).encode(x=axis, y=y, color=color, strokeDash=dash),
        alt.Chart(data(_ends(rows, names, "month", height)))
        .mark_text(align="left", dx=8, fontSize=11, fontWeight="bold")
        .encode(x=axis, y="at:Q", text="series:N", color=color),
    ]
    if at:
        when = alt.Chart(data([{"month": at, "words": at_words}]))
        layers.append(when.mark_rule(color=INK, strokeWidth=1).encode(x=axis))
        layers.append(
            when.mark_text(align="left", dx=5, y=8, fontSize=11, color=INK, baseline="top").encode(
                x=axis, text="words:N"
            )
        )
    return draw(alt.layer(*layers).properties(width=width, height=height), says, name)


def spans(rows, says, name, end_words="data to", width=HALF - 150):
    """A bar for each {label, start, seen, last, end}, days as texts (2024-01-31): from the first record to where it was
    observed, then pale to its last record; a rule at `end`."""
    order = [row["label"] for row in rows]
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelColor=INK, labelLimit=220))
    )
    # a label for each month would be said again and again where the feeds are some weeks long
    short = max(row["last"] for row in rows)[:4] == min(row["start"] for row in rows)[:4]
    axis = alt.Axis(format="%-d %b %Y" if short else "%b %Y", tickCount=4, grid=True)
    end = alt.Chart(data([{"end": rows[0]["end"], "words": end_words}]))
    layers = [
        base.mark_bar(height=12, color=PALE).encode(x=alt.X("start:T", title=None, axis=axis), x2="last:T"),
        base.mark_bar(height=12, color=REALITY).encode(x=alt.X("start:T"), x2="seen:T"),
        end.mark_rule(color=INK, strokeDash=[4, 3]).encode(x="end:T"),
        end.mark_text(align="right", dx=-4, y=-6, fontSize=10, color=INK).encode(x="end:T", text="words:N"),
    ]
    return draw(alt.layer(*layers).properties(width=width, height=max(40, 24 * len(rows))), says, name)
