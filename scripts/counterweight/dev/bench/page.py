"""docs/performance.md from the results of `counterweight bench`: tables, targets, and a picture."""

import json
import math
from pathlib import Path

import click

from counterweight.dev import pages

PAGE = "docs/performance.md"
FOLDER = "docs/performance"
RESULTS = "results.json"
PICTURE = "cost.svg"
LAYERS = ("hooks", "seeds", "staging", "intermediate", "dimensions", "facts", "marts")
STEPS = {
    "load": "load of all but the last day",
    "full": "full build",
    "load_day": "load of the last day",
    "increment": "build after it",
    "audit": "audit",
    "publish": "publish",
    "load_limited": "load, once more",
    "limited": "full build, memory limited",
}
PEERS = {"duckdb": "DuckDB, one script", "polars": "Polars", "pandas": "pandas"}
GB = 10**9
MODELS_SHOWN = 30
# below this a time is noise, and so is a slope through it
LEAST_SECONDS = 0.05


def write(project, work):
    """Take over the results of `work` and write the page."""
    folder = project.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    text = (Path(work) / RESULTS).read_text(encoding="utf-8")
    (folder / RESULTS).write_text(text, encoding="utf-8")
    results = json.loads(text)
    (folder / PICTURE).write_text(picture(results), encoding="utf-8")
    page = project.root / PAGE
    page.write_text(pages.filled(page.read_text(encoding="utf-8"), sections(results), PAGE), encoding="utf-8")
    click.echo(f"bench  {PAGE}")


def sections(results):
    return {
        "measured": _measured(results),
        "targets": pages.table(("target", "measured", "reached"), targets(results)),
        "steps": _steps(results),
        "peers": _peers(results),
        "layers": _layers(results),
        "models": _models(results),
        "tables": _tables(results),
        "picture": f"![CPU seconds by number of interactions, one line a way to make the facts](performance/{PICTURE})",
    }


# ---- what is computed from the results


def sizes(results):
    """Measurements that came as far as a full build, the smallest first."""
    found = [size for size in results["sizes"].values() if size["steps"].get("full", {}).get("exit_code") == 0]
    return sorted(found, key=interactions_of)


def interactions_of(size):
    return size.get("interactions", size["wanted_interactions"])


def exponent(points):
    """b of time = a · n^b: the least-squares slope of log time over log n. None where two sizes are not there."""
    points = [(math.log(n), math.log(seconds)) for n, seconds in points if n > 0 and seconds and seconds > 0]
    if len({x for x, _ in points}) < 2:
        return None
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    over = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return over / sum((x - middle_x) ** 2 for x, _ in points)


def growth(results):
    """Of the time in DuckDB of a full build."""
    return exponent([(interactions_of(size), size["steps"]["full"]["sql_cpu_seconds"]) for size in sizes(results)])


def growth_of_models(results):
    """{node: exponent}, of those that take long enough at the largest size."""
    measured = sizes(results)
    found = {}
    for node, entry in measured[-1]["nodes"].items() if measured else ():
        if entry.get("full", {}).get("sql_cpu_seconds", 0) >= LEAST_SECONDS:
            found[node] = exponent([
                (interactions_of(size), size["nodes"].get(node, {}).get("full", {}).get("sql_cpu_seconds", 0))
                for size in measured
                if size["nodes"].get(node, {}).get("full", {}).get("sql_cpu_seconds", 0) >= LEAST_SECONDS / 10
            ])  # fmt: skip
    return found


def sql_of(size, build="full", which=None, layer=None):
    """CPU seconds within DuckDB of the nodes of a build: all, those that peers make too, or those of a layer."""
    return sum(
        entry[build]["sql_cpu_seconds"]
        for entry in size["nodes"].values()
        if build in entry and (which is None or entry.get(which)) and (layer is None or entry["layer"] == layer)
    )


def cpu_of_peer(peer):
    return sum(step["cpu_seconds"] for step in peer["steps"]) if peer and "steps" in peer else None


def is_same(peer):
    """Whether the peer's numbers are the build's; None where nobody compared."""
    if "check" not in peer:
        return None
    return not any(table["differing"] for table in peer["check"].values())


def targets(results):
    """(target, what was measured, yes or no) of the largest size; 'not measured' where it was not."""
    measured = sizes(results)
    if not measured:
        return []
    largest = measured[-1]
    full, increment = largest["steps"]["full"], largest["steps"].get("increment", {})
    limited = largest["steps"].get("limited", {})
    script = cpu_of_peer(largest["peers"].get("duckdb"))
    needed = sql_of(largest, which="is_of_peers")
    slope = growth(results)
    rows = [
        _judged(
            "time in DuckDB of the models that the facts and the return rate need ≤ 1.5 times one hand-tuned script's",
            needed / script if script else None, 1.5, " times ({:,.0f} s over {:,.0f} s)", (needed, script or 0),
        ),
        _judged(
            "time in DuckDB of a one-day increment ≤ 10 % of the full build's",
            100 * increment["sql_cpu_seconds"] / full["sql_cpu_seconds"]
            if increment.get("exit_code") == 0 else None, 10, " % ({:,.0f} s over {:,.0f} s)",
            (increment.get("sql_cpu_seconds", 0), full["sql_cpu_seconds"]),
        ),
        _judged("time in DuckDB grows with n to the power of ≤ 1.1", slope, 1.1, ""),
        _judged("a full build takes ≤ 8 GB of memory", full["peak_bytes"] / GB, 8, " GB"),
        _judged(
            f"a full build with DuckDB limited to {limited.get('memory_limit', '…')} takes ≤ 3 GB of memory",
            limited["peak_bytes"] / GB if limited.get("exit_code") == 0 else None, 3, " GB",
        ),
    ]  # fmt: skip
    if limited.get("exit_code"):
        rows[-1] = (rows[-1][0], f"it ended: {limited['end']}", "**no**")
    rows.append(("dbt's own time in a full build", f"{full['overhead_cpu_seconds']:,.0f} s", ""))
    if increment.get("exit_code") == 0:
        rows.append(("dbt's own time in an increment", f"{increment['overhead_cpu_seconds']:,.0f} s", ""))
    return rows


def _judged(target, value, most, unit, parts=()):
    if value is None:
        return (target, "", "not measured")
    return (target, f"{value:,.2f}{unit.format(*parts)}", "yes" if value <= most else "**no**")


# ---- tables


def _measured(results):
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    lines = [
        f"One machine: {machine['cores']} cores, {machine['memory_bytes'] / GB:,.0f} GB of memory, "
        f"{machine['system']}, Python {machine['python']}, {versions}. Others worked on it at the same time: wall time "
        "is noise, CPU time less so.",
        "",
        pages.table(
            ("interactions", "measured on", "commit", "rows loaded", "rows of the last day", "bytes of Parquet"),
            [
                (
                    f"{interactions_of(size):,}", size["measured_on"], _short(size["commit"]),
                    f"{sum(size['deliveries']['first'].values()):,}", f"{sum(size['deliveries']['last'].values()):,}",
                    _mega(size["deliveries"]["first_bytes"]),
                )
                for size in sizes(results)
            ],
        ),
    ]  # fmt: skip
    return "\n".join(lines)


def _steps(results):
    rows = []
    # those too that did not come to their end
    for size in sorted(results["sizes"].values(), key=interactions_of):
        for name, title in STEPS.items():
            step = size["steps"].get(name)
            if step is None:
                continue
            if name == "limited":
                title = f"{title} to {step['memory_limit']}"
            if step["exit_code"]:
                title = f"{title}: **ended**, {step['end']}"
            rows.append((
                f"{interactions_of(size):,}", title, f"{step['wall_seconds']:,.1f}", f"{step['cpu_seconds']:,.1f}",
                _number(step.get("sql_cpu_seconds")), _number(step.get("overhead_cpu_seconds")),
                f"{step['peak_bytes'] / GB:,.2f}", _mega(step.get("file_bytes")),
            ))  # fmt: skip
    return pages.table(
        ("interactions", "step", "wall s", "CPU s", "in DuckDB, CPU s", "dbt's own, CPU s", "peak GB", "file"), rows
    )


def _peers(results):
    rows = []
    for size in sizes(results):
        n = f"{interactions_of(size):,}"
        full = size["steps"]["full"]
        script = cpu_of_peer(size["peers"].get("duckdb"))

        def over(seconds, script=script):
            return f"{seconds / script:,.2f}" if script else ""

        needed, facts = sql_of(size, which="is_of_peers"), sql_of(size, which="is_of_facts")
        rows += [
            (n, "the whole build", _number(full["sql_cpu_seconds"]), over(full["sql_cpu_seconds"]),
             f"{full['peak_bytes'] / GB:,.2f}", ""),
            (n, "of it: models that the three facts and the return rate need", _number(needed), over(needed), "", ""),
            (n, "of it: models that the three facts need", _number(facts), over(facts), "", ""),
        ]  # fmt: skip
        for name, title in PEERS.items():
            peer = size["peers"].get(name)
            if peer is None:
                continue
            cpu = cpu_of_peer(peer)
            same = {True: "yes", False: "**no**", None: "not compared"}[is_same(peer)]
            peak = f"{peer['peak_bytes'] / GB:,.2f}"
            if cpu is None:
                rows.append((n, title, f"ended: {peer['end']}", "", peak, ""))
            else:
                rows.append((n, title, _number(cpu), over(cpu), peak, same))
                hashing = sum(step["cpu_seconds"] for step in peer["steps"] if step["step"] == "hashing")
                rows.append((n, f"{title}: hashing of people in it", _number(hashing), over(hashing), "", ""))
    shown = pages.table(("interactions", "who", "CPU s", "times the script", "peak GB", "the same numbers"), rows)
    return "\n\n".join((shown, *_compared(results)))


def _compared(results):
    """A paragraph: which columns were compared, at the largest size, and what differed."""
    measured = sizes(results)
    checks = {
        PEERS[name]: peer["check"]
        for name, peer in (measured[-1]["peers"] if measured else {}).items()
        if "check" in peer
    }
    if not checks:
        return
    yield (
        "Compared at the largest size: "
        + "; ".join(
            f"`{table}`, {compared['rows']:,} rows: {', '.join(compared['columns'])}"
            for table, compared in next(iter(checks.values())).items()
        )
        + "."
    )
    for who, tables in checks.items():
        for table, compared in tables.items():
            if compared["differing"]:
                yield f"**{who} says something else** in `{table}`: {', '.join(compared['differing'])}."


def _layers(results):
    rows = []
    for size in sizes(results):
        whole = {build: sql_of(size, build) for build in ("full", "increment")}
        for layer in LAYERS:
            own = {build: sql_of(size, build, layer=layer) for build in whole}
            nodes = sum(entry.get("layer") == layer for entry in size["nodes"].values())
            if nodes:
                rows.append((
                    f"{interactions_of(size):,}", layer, nodes, f"{own['full']:,.1f}",
                    f"{100 * own['full'] / whole['full']:.0f} %" if whole["full"] else "",
                    f"{own['increment']:,.1f}" if whole["increment"] else "",
                ))  # fmt: skip
    return pages.table(("interactions", "layer", "nodes", "full, CPU s", "share", "increment, CPU s"), rows)


def _models(results):
    measured = sizes(results)
    slopes = growth_of_models(results)
    costly = sorted(slopes, key=lambda node: -measured[-1]["nodes"][node]["full"]["sql_cpu_seconds"])[:MODELS_SHOWN]
    rows = []
    for node in costly:
        entries = [size["nodes"].get(node, {}) for size in measured]
        slope = slopes[node]
        rows.append((
            f"`{node.split('.')[2]}`", entries[-1]["layer"],
            *(_number(entry.get("full", {}).get("sql_cpu_seconds")) for entry in entries),
            "" if slope is None else f"{slope:.2f}",
            _number(entries[-1].get("increment", {}).get("sql_cpu_seconds")),
        ))  # fmt: skip
    heads = [f"{interactions_of(size):,}" for size in measured]
    whole = growth(results)
    return "\n".join((
        pages.table(("model", "layer", *heads, "grows with n to the power of", f"increment at {heads[-1]}"), rows),
        "",
        "CPU seconds in DuckDB of a full build, by number of interactions."
        + ("" if whole is None else f" The whole build grows with n to the power of {whole:.2f}."),
    )) if measured else ""  # fmt: skip


def _tables(results):
    measured = sizes(results)
    if not measured:
        return ""
    tables = measured[-1].get("tables", {})
    schemas = {}
    for name, table in tables.items():
        schemas.setdefault(name.split(".")[0], []).append(table["bytes"])
    largest = sorted(tables.items(), key=lambda item: -item[1]["bytes"])[:20]
    return "\n".join((
        f"At {interactions_of(measured[-1]):,} interactions, after the full build. Bytes are the blocks of the file in "
        "which a table has data; small tables share blocks, so that their sum is more than the file.",
        "",
        pages.table(
            ("schema", "tables", "bytes"),
            [(schema, len(sizes_), _mega(sum(sizes_))) for schema, sizes_ in sorted(schemas.items())],
        ),
        "",
        pages.table(
            ("largest tables", "rows", "bytes"),
            [(f"`{name}`", f"{table['rows']:,}", _mega(table["bytes"])) for name, table in largest],
        ),
    ))  # fmt: skip


def _number(value):
    return "" if value is None else f"{value:,.1f}"


def _mega(value):
    return "" if value is None else f"{value / 10**6:,.1f} MB"


def _short(commit):
    return (commit or "unknown")[:12]


# ---- the picture


def lines_of(results):
    """Points of the picture: {interactions, seconds, who}."""
    points = []
    for size in sizes(results):
        whole = {
            "full build": size["steps"]["full"]["sql_cpu_seconds"],
            "of it, the peers' facts": sql_of(size, which="is_of_peers"),
        }
        if size["steps"].get("increment", {}).get("exit_code") == 0:
            whole["one-day increment"] = size["steps"]["increment"]["sql_cpu_seconds"]
        whole |= {PEERS[name]: cpu_of_peer(peer) for name, peer in size["peers"].items()}
        points += [
            {"interactions": interactions_of(size), "seconds": seconds, "who": who}
            for who, seconds in whole.items()
            if seconds
        ]
    return points


def picture(results):
    """CPU seconds over interactions, both by their logarithm: a straight line of slope 1 grows with n."""
    import altair as alt
    import vl_convert

    chart = (
        alt.Chart(alt.Data(values=lines_of(results)), width=560, height=320)
        .mark_line(point=True)
        .encode(
            x=alt.X("interactions:Q", title="interactions", scale=alt.Scale(type="log"), axis=alt.Axis(format="~s")),
            y=alt.Y("seconds:Q", title="CPU seconds", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g")),
            color=alt.Color("who:N", title=None, sort=None),
        )
    )
    return vl_convert.vegalite_to_svg(chart.to_json()) + "\n"
