"""What the results of `counterweight score` say: false signals, traps, power, right team, time to detect, calibration.

A cell is a team in a month (or to date) under one detector. It is gamed where the month ends after somebody of the team
began, so that the month in which it begins is one of them; to date, where anybody did at any time. Of these, power is
over those in which somebody did act: in others there is nothing to be found.
"""

import json
import math

import duckdb

from counterweight.worlds.behaviours import BEHAVIOURS

# Classes of the number of cases: each from its number to the next.
CLASSES = (0, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
# Fewer cells than this carry no statement about power.
LEAST_CELLS = 5
WANTED_POWER = 0.8
MOST_FALSE = 1.0
MOST_ON_TRAPS = 0.05
# Detectors that must reach the power that is wanted, somewhere.
MUST_REACH = ("D01", "D02", "D04", "D07", "D08", "D09", "D10", "D12", "D15", "D17")
# Worlds in which a detector must speak, where they do not bear the name of a behaviour that has its number.
WORLDS_OF = {
    "D02b": ("call_cutting",),
    "D02c": ("unofficial_ceiling",),
    "D03": ("emptied_notch",),
    "D23": ("premature_closing", "deadline_closing"),
}
# Whose lookalikes are theirs as well: the marks are the same.
TRAPS_LIKE = {"D02b": "D01", "D02c": "D01", "D03": "D01"}
RESULT = """
    select
        ''::varchar as run, ''::varchar as world, ''::varchar as kind, 0.0::double as intensity, 0::integer as tickets,
        0::integer as calls, 0::integer as months, 0::bigint as seed, ''::varchar as code, 0.0::double as seconds,
        ''::varchar as detector, ''::varchar as unit, ''::varchar as period_type, null::date as period_start,
        ''::varchar as status, ''::varchar as reason, 0::bigint as agent_count, 0::bigint as case_count,
        0::bigint as marked_count, 0.0::decimal(18, 6) as expected_count, 0.0::decimal(18, 6) as effect,
        0.0::decimal(18, 6) as z, 0.0::decimal(18, 4) as noise, 0.0::decimal(18, 6) as p, 0.0::decimal(18, 6) as q,
        ''::varchar as behaviours, null::timestamp as gamed_since, 0::bigint as acts
    limit 0
"""
CELLS = """
    create or replace temp view cells as
    select
        *,
        status = 'signal' as is_signal,
        status <> 'not_evaluable' as is_evaluable,
        gamed_since is not null
        and (period_type = 'to_date' or period_start + interval 1 month > gamed_since) as is_gamed
    from results
"""


def worlds_of(detector):
    """Worlds that do what the detector is about."""
    named = tuple(name for name, it in BEHAVIOURS.items() if it.is_gaming and it.detector == detector)
    return WORLDS_OF.get(detector, named)


def traps_of(detector):
    """Worlds that only look like it."""
    number = TRAPS_LIKE.get(detector, detector)
    return tuple(name for name, it in BEHAVIOURS.items() if not it.is_gaming and it.detector == number)


def wilson(hits, trials, deviate=1.959964):
    """Interval of a share, or (None, None) of nothing."""
    if not trials:
        return None, None
    share, square = hits / trials, deviate * deviate
    centre = (share + square / (2 * trials)) / (1 + square / trials)
    half = deviate * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def poisson(count, tail=0.025):
    """Exact interval of the mean of which so many were seen (Garwood)."""

    def at_most(k, mean):
        return sum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(k + 1)) if mean else 1.0

    def solved(is_below):
        low, high = 0.0, 10.0 + 3.0 * count
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if is_below(middle) else (low, middle)
        return (low + high) / 2

    lower = solved(lambda mean: 1 - at_most(count - 1, mean) < tail) if count else 0.0
    return lower, solved(lambda mean: at_most(count, mean) > tail)


def measure(connection):
    """All measures of the relation `results`, as lists of dictionaries of plain numbers and texts."""
    connection.execute(CELLS)
    detectors = [name for (name,) in connection.execute("select distinct detector from cells order by 1").fetchall()]
    found = {
        "run": _run(connection),
        "false_signals": _false_signals(connection, detectors),
        "traps": _traps(connection, detectors),
        "power": _power(connection, detectors),
        "reached": _reached(connection, detectors),
        "right_team": _right_team(connection),
        "months_to_detect": _months_to_detect(connection, detectors),
        "calibration": _calibration(connection),
        "company": _company(connection),
    }
    return found | {"bar": bar(found)}


def read(paths):
    """A connection with the results in these files."""
    connection = duckdb.connect()
    paths = [str(path) for path in paths]
    connection.execute(f"create temp table results as {RESULT}")
    if paths:
        connection.execute("insert into results by name from read_parquet(?, union_by_name = true)", [paths])
    return connection


def write(found, path):
    """The measures as JSON: names of columns once, then a line a row, so that it is small and a change can be read."""
    parts = []
    for name, rows in found.items():
        if isinstance(rows, list):
            columns = list(rows[0]) if rows else []
            lines = ",\n".join(json.dumps(list(row.values()), ensure_ascii=False) for row in rows)
            parts.append(f'{json.dumps(name)}: {{"columns": {json.dumps(columns)}, "rows": [\n{lines}\n]}}')
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(rows, ensure_ascii=False)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def written(path):
    """The measures that `write` wrote."""

    def read(part):
        if "rows" not in part:
            return part
        return [dict(zip(part["columns"], row, strict=True)) for row in part["rows"]]

    return {name: read(part) for name, part in json.loads(path.read_text(encoding="utf-8")).items()}


def _rows(connection, query, values=()):
    found = connection.execute(query, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]


def _plain(value):
    if value is None or isinstance(value, bool | int | str):
        return value
    return round(float(value), 4)


def _share(row, hits, trials, digits=4):
    low, high = wilson(row[hits], row[trials])
    share = row[hits] / row[trials] if row[trials] else None
    return {
        "share": None if share is None else round(share, digits),
        "low": None if low is None else round(low, digits),
        "high": None if high is None else round(high, digits),
    }


def _run(connection):
    kinds = _rows(
        connection,
        """
        select kind, count(distinct run) as worlds, sum(months) / 12.0 as desk_years, min(seed) as first_seed,
            max(seed) as last_seed
        from (select distinct run, kind, months, seed from results)
        group by kind order by kind
        """,
    )
    return {
        "worlds": sum(kind["worlds"] for kind in kinds),
        "code": ", ".join(
            code for (code,) in connection.execute("select distinct code from results order by 1").fetchall()
        ),
        "kinds": kinds,
    }


def _false_signals(connection, detectors):
    """Signals where nobody games and nothing looks like it, a detector and all together (`all`)."""
    years = connection.execute(
        "select coalesce(sum(months), 0) / 12.0 from (select distinct run, months from cells where kind = 'honest')"
    ).fetchone()[0]
    counted = _rows(
        connection,
        """
        select coalesce(detector, 'all') as detector,
            count(*) filter (is_signal and period_type = 'month') as months,
            count(*) filter (is_signal and period_type = 'to_date') as to_date,
            count(*) filter (is_evaluable) as evaluable,
            count(*) as cells
        from cells where kind = 'honest'
        group by grouping sets ((detector), ())
        """,
    )
    by_detector = {row["detector"]: row for row in counted}
    found = []
    for detector in [*detectors, "all"]:
        row = by_detector.get(detector)
        if row is None or not years:
            continue
        signals = row["months"] + row["to_date"]
        low, high = poisson(signals)
        a_year = [round(float(value) / float(years), 4) for value in (signals, low, high)]
        found.append(
            row | {"desk_years": round(float(years), 2), "a_year": a_year[0], "low": a_year[1], "high": a_year[2]}
        )
    return found


def _traps(connection, detectors):
    """Signals of the detectors whose trap a world is, of all teams that could be evaluated; `all`: of every detector
    where all lookalikes meet; `others`: of those whose trap it is not."""
    wanted = [(trap, detector) for detector in detectors for trap in traps_of(detector)]
    rows = _rows(
        connection,
        """
        select world, detector, period_type,
            count(distinct run) as worlds,
            count(*) filter (is_signal) as signals,
            count(*) filter (is_evaluable) as evaluable,
            count(*) as cells
        from cells where kind in ('trap', 'suspicious')
        group by world, detector, period_type order by world, detector, period_type
        """,
    )
    worlds = {row["world"] for row in rows}
    found = [
        row | _share(row, "signals", "evaluable")
        for row in rows
        if (row["world"], row["detector"]) in wanted or not _is_trap(row["world"])
    ]
    for world in sorted(worlds):
        for period in ("month", "to_date"):
            others = [
                row
                for row in rows
                if row["world"] == world and row["period_type"] == period and (world, row["detector"]) not in wanted
            ]
            if others and _is_trap(world):
                names = ("signals", "evaluable", "cells")
                total = {name: sum(row[name] for row in others) for name in names}
                whole = {"world": world, "detector": "others", "period_type": period, "worlds": others[0]["worlds"]}
                found.append(whole | total | _share(total, "signals", "evaluable"))
    return found


def _is_trap(world):
    return world in BEHAVIOURS


def _power(connection, detectors):
    """Found of the gamed cells that could be evaluated, by number of cases and intensity."""
    found = []
    for detector in detectors:
        rows = _gamed(connection, detector)
        keys = sorted({(row["world"], row["intensity"], row["period_type"], row["n_from"]) for row in rows})
        for world, intensity, period, n_from in keys:
            same = [
                row
                for row in rows
                if (row["world"], row["intensity"], row["period_type"]) == (world, intensity, period)
            ]
            one = next(row for row in same if row["n_from"] == n_from)
            found.append({"detector": detector, **one, **_share(one, "signals", "evaluable")})
    return found


def _gamed(connection, detector):
    worlds = worlds_of(detector)
    if not worlds:
        return []
    return _rows(
        connection,
        f"""
        select world, intensity, period_type,
            list_max(list_filter({list(CLASSES)}, lambda least: least <= case_count)) as n_from,
            count(*) filter (is_signal) as signals,
            count(*) filter (is_evaluable) as evaluable,
            count(*) as cells,
            coalesce(sum(acts), 0)::bigint as acts
        from cells
        where detector = ? and is_gamed and acts > 0 and kind = 'gamed' and list_contains(?, world)
        group by all order by all
        """,
        [detector, list(worlds)],
    )


def _reached(connection, detectors):
    """A world, intensity and period: power over all cells, and the least number of cases from which on it is enough."""
    found = []
    for detector in detectors:
        rows = _gamed(connection, detector)
        for world, intensity, period in sorted({(r["world"], r["intensity"], r["period_type"]) for r in rows}):
            same = [r for r in rows if (r["world"], r["intensity"], r["period_type"]) == (world, intensity, period)]
            total = {name: sum(row[name] for row in same) for name in ("signals", "evaluable", "cells", "acts")}
            enough = None
            for least in CLASSES:
                above = [row for row in same if row["n_from"] >= least]
                signals, evaluable = (sum(row[name] for row in above) for name in ("signals", "evaluable"))
                if evaluable >= LEAST_CELLS and signals >= WANTED_POWER * evaluable:
                    # of fewer cases there was none
                    enough = min(row["n_from"] for row in above if row["evaluable"])
                    break
            head = {"detector": detector, "world": world, "intensity": intensity, "period_type": period}
            found.append(head | total | _share(total, "signals", "evaluable") | {"enough_from": enough})
    return found


def _right_team(connection):
    """Of the signals in worlds where somebody games: how many are in a team that does, and by then."""
    rows = _rows(
        connection,
        """
        select coalesce(detector, 'all') as detector,
            count(*) filter (is_signal and is_gamed) as right_team,
            count(*) filter (is_signal) as signals,
            count(*) filter (is_evaluable and not is_gamed) as honest_cells,
            count(*) filter (is_signal and not is_gamed) as wrong
        from cells where kind in ('gamed', 'mixed')
        group by grouping sets ((detector), ())
        order by detector = 'all', detector
        """,
    )
    return [row | _share(row, "right_team", "signals") for row in rows]


def _months_to_detect(connection, detectors):
    """Months from the one in which a team begins, itself counted, to its first signal; never counts as longest."""
    found = []
    for detector in detectors:
        found += _rows(
            connection,
            """
            with teams as (
                select run, world, intensity, unit,
                    date_diff(
                        'month', min(date_trunc('month', gamed_since)),
                        min(period_start) filter (is_signal and is_gamed)
                    ) + 1 as months
                from cells
                where detector = ? and kind = 'gamed' and list_contains(?, world) and period_type = 'month'
                    and gamed_since is not null
                group by run, world, intensity, unit
            )
            select ? as detector, world, intensity,
                count(*) as teams,
                count(*) filter (months is null) as never,
                quantile_disc(coalesce(months, 999), 0.5) as median
            from teams group by world, intensity order by world, intensity
            """,
            [detector, list(worlds_of(detector)), detector],
        )
    for row in found:
        row["median"] = None if row["median"] == 999 else row["median"]
    return found


def _calibration(connection):
    """Where nobody games: shares of p below .05 and .01, and the distribution of z."""
    return _rows(
        connection,
        """
        select detector, period_type, count(*) as cells,
            count(*) filter (p < 0.05) / count(*) as below_5, count(*) filter (p < 0.01) / count(*) as below_1,
            avg(z::double) as mean_z, stddev_samp(z::double) as sd_z, max(z::double) as max_z,
            median(case_count)::bigint as median_cases, max(noise::double) as noise
        from cells where kind = 'honest' and is_evaluable
        group by detector, period_type order by detector, period_type
        """,
    )


def _company(connection):
    """Which detectors speak of gamed teams beside those that are about it."""
    return [
        row
        for row in _rows(
            connection,
            """
            select world, detector,
                count(*) filter (is_signal) as signals, count(*) filter (is_evaluable) as evaluable
            from cells where kind = 'gamed' and is_gamed and period_type = 'month'
            group by world, detector order by world, detector
            """,
        )
        if row["signals"] and row["world"] not in worlds_of(row["detector"])
    ]


def bar(found):
    """What was wanted, what was measured, and whether it is met (null: not measured)."""
    lines = []
    every = next((row for row in found["false_signals"] if row["detector"] == "all"), None)
    lines.append(
        {
            "wanted": f"at most {MOST_FALSE:g} false signal per honest desk-year, all detectors together",
            "measured": f"{every['a_year']:.2f} ({every['low']:.2f} to {every['high']:.2f})" if every else "nothing",
            "is_met": every["a_year"] <= MOST_FALSE if every else None,
        }
    )
    traps = [row for row in found["traps"] if row["detector"] != "others" and _is_trap(row["world"])]
    lines.append(_trap_bar("each detector on its own lookalikes", traps))
    suspicious = [row for row in found["traps"] if row["detector"] != "others" and not _is_trap(row["world"])]
    lines.append(_trap_bar("every detector where all lookalikes meet", suspicious))
    for detector in MUST_REACH:
        rows = [row for row in found["reached"] if row["detector"] == detector]
        enough = [row for row in rows if row["enough_from"] is not None]
        best = min(
            enough, default=None, key=lambda row: (row["period_type"] != "month", row["intensity"], row["enough_from"])
        )
        evaluable = sum(row["evaluable"] for row in rows)
        too_few = f"no more than {evaluable} gamed teams or months to look at"
        measured = "nothing" if not rows else too_few if evaluable < LEAST_CELLS else "nowhere"
        if best:
            period = "team and month" if best["period_type"] == "month" else "team to date"
            measured = f"from {best['enough_from']:,} cases, intensity {best['intensity']:g}, {period}"
        lines.append(
            {
                "wanted": f"{detector}: at least {100 * WANTED_POWER:.0f} % of the gamed teams found, at a stated n",
                "measured": measured,
                "is_met": bool(best) if evaluable >= LEAST_CELLS else None,
            }
        )
    return lines


def _trap_bar(what, rows):
    over = [row for row in rows if row["share"] is not None and row["share"] > MOST_ON_TRAPS]
    worst = max((row for row in rows if row["share"] is not None), default=None, key=lambda row: row["share"])
    measured = "nothing"
    if worst:
        period = "months" if worst["period_type"] == "month" else "to date"
        among = f"{worst['signals']} of {worst['evaluable']}"
        measured = f"at worst {100 * worst['share']:.1f} % ({among}): {worst['detector']} on {worst['world']}, {period}"
    elif rows:
        measured = "nowhere evaluable"
    return {
        "wanted": f"{what}: at most {100 * MOST_ON_TRAPS:.0f} % of the teams that can be evaluated",
        "measured": measured,
        "is_met": not over if rows else None,
    }
