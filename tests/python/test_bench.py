"""The bench says the same numbers by whatever way, and writes its page from what it measured. No time is asserted."""

import json
import re
import sys

import duckdb
import pytest
from click.testing import CliRunner

from conftest import ROOT, build_facts, project_in
from counterweight import cli
from counterweight.dev import bench
from counterweight.dev.bench import by_duckdb, by_pandas, by_polars, check, page, process, world
from counterweight.dev.bench.sizes import parse_sizes
from counterweight.dev.pages import filled
from counterweight.errors import InputError
from counterweight.load import load
from counterweight.salt import DEVELOPMENT_SALT
from counterweight.worlds import simulate

WRITTEN = (ROOT / page.PAGE).read_text(encoding="utf-8")
PEERS = {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas}


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory):
    """A small world, all of it and in the two deliveries of the bench."""
    folder = tmp_path_factory.mktemp("bench")
    simulate(folder / "world", tickets=900, calls=2200, months=3)
    world.split(folder / "world", folder / "first", folder / "last")
    return folder


@pytest.fixture(scope="module")
def built(deliveries):
    project = project_in(deliveries)
    load(project, None, [f"canonical={deliveries / 'first'}"])
    build_facts(project, select=[f"+{name}" for name in bench.WITH_RETURN_RATE])
    return project


def _made(peer, deliveries, folder):
    out = folder / ("facts.duckdb" if peer == "duckdb" else peer)
    taken = PEERS[peer].make(deliveries / "first", out, DEVELOPMENT_SALT)
    assert [step for step in taken if step["step"] == "hashing"]
    return out


# builds a world of its own
@pytest.mark.long
@pytest.mark.parametrize("peer", PEERS)
def test_the_same_facts_by_other_ways(built, deliveries, tmp_path, peer):
    found = check.compare(built.warehouse, _made(peer, deliveries, tmp_path))
    assert found.keys() == check.TABLES.keys()
    for table, compared in found.items():
        assert compared["rows"] > 5, table
        assert not compared["differing"], table
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        tiers = connection.execute(
            "select " + ", ".join(f"count(first_r{n}_at)" for n in range(1, 6)) + ", count(distinct claim_type) "
            "from facts.fct_claims"
        ).fetchone()
    assert all(tiers), "a world without each of these would show nothing"
    assert tiers[-1] >= 13


@pytest.mark.long
def test_a_difference_is_noticed(built, deliveries, tmp_path):
    out = _made("duckdb", deliveries, tmp_path)
    with duckdb.connect(str(out)) as connection:
        # two values change places: no column on its own shows it
        connection.execute(
            "create or replace table fct_resolution_episodes as select * replace (case episode_id "
            "when (select min(episode_id) from fct_resolution_episodes) then (select closed_at from "
            "fct_resolution_episodes where closed_at is not null order by episode_id desc limit 1) "
            "else closed_at end as closed_at) from fct_resolution_episodes"
        )
        connection.execute("delete from fct_claims where claim_type = 'sla_met'")
    found = check.compare(built.warehouse, out)
    assert found["fct_resolution_episodes"]["differing"] == ["closed_at", "(rows)"]
    assert "(count)" in found["fct_claims"]["differing"]
    assert not found["fct_interactions"]["differing"]
    assert not check.compare(built.warehouse, out, left_out=["sla_met"])["fct_claims"]["differing"]


def test_the_last_day_is_held_back(deliveries):
    cut = "timestamp '2024-03-31 00:00:00'"

    def rows(query):
        return duckdb.execute(query.format(**{part: f"'{deliveries / part}'" for part in ("first", "last")})).fetchall()

    whole = deliveries / "world" / "raw"
    for table in ("ticket_events", "calls", "ticket_messages"):
        both = rows(f"select (select count(*) from read_parquet({{first}} || '/{table}.parquet'))"
                    f" + (select count(*) from read_parquet({{last}} || '/{table}.parquet'))")  # fmt: skip
        assert both == rows(f"select count(*) from read_parquet('{whole / table}.parquet')")
    assert rows("select max(event_at) from read_parquet({first} || '/ticket_events.parquet')")[0][0].day == 30
    assert rows(
        f"select count(*) > 0, bool_and(updated_at >= {cut}) from read_parquet({{last}} || '/tickets.parquet')"
    ) == [(True, True)]
    assert rows(
        f"select bool_and(updated_at < {cut}) and coalesce(bool_and(closed_at < {cut}), true), "
        "count(*) = count(distinct ticket_id) from read_parquet({first} || '/tickets.parquet')"
    ) == [(True, True)]
    # as its events tell: the last status before the cut
    assert rows(
        "select count(*) from read_parquet({first} || '/tickets.parquet') as tickets inner join (select ticket_id, "
        "max_by(new_value, event_sequence) as status from read_parquet({first} || '/ticket_events.parquet') "
        "where field = 'status' group by ticket_id) as told using (ticket_id) where tickets.status <> told.status"
    ) == [(0,)]


def _step(**values):
    return {"wall_seconds": 12.0, "cpu_seconds": 10.0, "peak_bytes": 10**9, "exit_code": 0, **values}


def _recorded():
    """What a bench of two sizes leaves behind: a staging model that grows with n, a mart that grows with its square."""
    sizes = {}
    for n in (1_000_000, 10_000_000):
        times = {"model.counterweight.base_canonical__calls": n / 100_000, "model.counterweight.slow": (n / 10**6) ** 2}
        sql = sum(times.values())
        sizes[str(n)] = {
            "measured_on": "2026-01-02", "commit": "0123456789abcdef", "wanted_interactions": n, "interactions": n,
            "deliveries": {"first": {"calls": n}, "last": {"calls": 5}, "first_bytes": n, "last_bytes": 5},
            "steps": {
                "load": _step(),
                "full": _step(sql_cpu_seconds=sql, sql_seconds=sql, overhead_cpu_seconds=30.0, file_bytes=10**8),
                "increment": _step(sql_cpu_seconds=0.03 * sql, sql_seconds=1.0, overhead_cpu_seconds=9.0),
            },
            "nodes": {
                node: {
                    "layer": "marts" if node.endswith("slow") else "staging",
                    **({} if node.endswith("slow") else {"is_of_facts": True, "is_of_peers": True}),
                    "full": {"seconds": seconds, "sql_seconds": seconds, "sql_cpu_seconds": seconds},
                }
                for node, seconds in times.items()
            },
            "peers": {
                "duckdb": _step(
                    steps=[{"step": "hashing", "cpu_seconds": 1.0}, {"step": "all", "cpu_seconds": n / 10**6}],
                    check={"fct_claims": {"rows": 3, "columns": ["claim_id"], "differing": []}},
                ),
                "polars": _step(
                    steps=[{"step": "hashing", "cpu_seconds": 7.0}],
                    check={"fct_claims": {"rows": 3, "columns": ["claim_id"], "differing": ["(count)"]}},
                ),
                "pandas": _step(exit_code=-9, is_too_big=True, end="too much memory"),
            },
            "tables": {"facts.fct_claims": {"rows": 7, "bytes": 524_288}},
        }  # fmt: skip
    sizes["10000000"]["steps"]["limited"] = _step(exit_code=1, memory_limit="2GB", end="Out of Memory Error")
    return {
        "machine": {
            "cores": 2, "memory_bytes": 24 * 10**9, "system": "Linux x86_64", "python": "3.11.7",
            "versions": {"duckdb": "1.5.6", "pandas": None},
        },
        "sizes": sizes,
    }  # fmt: skip


def test_growth_is_the_slope_of_the_logarithms():
    assert page.exponent([(10, 3.0), (100, 30.0), (1000, 300.0)]) == pytest.approx(1)
    assert page.exponent([(10, 2.0), (100, 200.0)]) == pytest.approx(2)
    # by least squares, not by the first and the last: log10 of 1, 100, 100 over 1, 2, 3
    assert page.exponent([(10, 1.0), (100, 100.0), (1000, 100.0)]) == pytest.approx(1)
    assert page.exponent([(10, 3.0)]) is None
    assert page.exponent([(10, 3.0), (100, 0)]) is None
    slopes = page.growth_of_models(_recorded())
    assert slopes["model.counterweight.base_canonical__calls"] == pytest.approx(1)
    assert slopes["model.counterweight.slow"] == pytest.approx(2)


def test_targets_are_judged_at_the_largest_size():
    judged = {target: (value, verdict) for target, value, verdict in page.targets(_recorded())}
    verdicts = [verdict for _, verdict in judged.values()]
    # 100 s of the models over 11 s; 3 %; log10(200 / 11); 1 GB; it ended
    assert verdicts == ["**no**", "yes", "**no**", "yes", "**no**", "", ""]
    values = [value for value, _ in judged.values()]
    assert values[0].startswith("9.09 times")
    assert values[1].startswith("3.00 %")
    assert values[4] == "it ended: Out of Memory Error"


def test_the_page_is_written_from_the_results(tmp_path):
    sections = page.sections(_recorded())
    text = filled(WRITTEN, sections, page.PAGE)
    for said in ("10,000,000", "0123456789ab", "too much memory", "`slow`", "duckdb 1.5.6", "2.00", "0.5 MB"):
        assert said in text
    assert "**Polars says something else** in `fct_claims`: (count)." in text
    assert "| 10,000,000 | Polars | 7.0 | 0.64 | 1.00 | **no** |" in text
    assert "| 10,000,000 | marts | 1 | 100.0 | 50 % |" in text
    picture = page.picture(_recorded())
    assert picture.startswith("<svg") and "DuckDB, one script" in picture


def test_the_page_is_of_the_results_that_lie_beside_it():
    results = json.loads((ROOT / page.FOLDER / page.RESULTS).read_text(encoding="utf-8"))
    assert filled(WRITTEN, page.sections(results), page.PAGE) == WRITTEN, "run counterweight bench --only-page"
    text = (ROOT / page.FOLDER / page.RESULTS).read_text(encoding="utf-8") + WRITTEN
    assert not re.search(r"/(home|work|root|tmp)/", text), "a path of a machine"


def test_a_child_is_measured_and_stopped(tmp_path):
    hungry = tmp_path / "hungry.py"
    hungry.write_text(
        "import time\nheld = bytearray(400_000_000)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep(60)\n"
    )
    environment = {"PYTHONPATH": str(tmp_path)}
    found = process.run(["hungry"], tmp_path / "log", environment, most_bytes=200_000_000)
    assert found["exit_code"] != 0
    if sys.platform == "linux":
        assert found["is_too_big"]
    (tmp_path / "busy.py").write_text("held = bytearray(100_000_000)\nprint('done')\n")
    found = process.run(["busy"], tmp_path / "log", environment)
    assert found["exit_code"] == 0 and "is_too_big" not in found
    assert found["peak_bytes"] > 100_000_000
    assert process.last_lines(tmp_path / "log", 1) == "done"


def test_sizes_as_people_write_them():
    assert parse_sizes("1,3,10 million") == [1_000_000, 3_000_000, 10_000_000]
    assert parse_sizes("1.5 million, 200 thousand") == [200_000, 1_500_000]
    assert parse_sizes("20_000") == [20_000]
    for wrong in ("many", "", "-3", "10 billion"):
        with pytest.raises(InputError, match="--interactions"):
            parse_sizes(wrong)
    with pytest.raises(InputError, match="fewer than 1,000"):
        parse_sizes("10")


def test_a_peer_that_is_none_is_named():
    outcome = CliRunner().invoke(cli.main, ["bench", "--peers", "sqlite"])
    assert "there is no sqlite" in str(outcome.exception) + outcome.output
    assert tuple(PEERS) == bench.PEERS


def test_what_the_facts_need_is_found_in_the_manifest():
    nodes = {
        "model.counterweight.fct_claims": ["model.counterweight.int_claims", "seed.counterweight.windows"],
        "model.counterweight.int_claims": ["source.counterweight.canonical.calls"],
        "model.counterweight.passed_and_held": ["model.counterweight.fct_claims"],
        "seed.counterweight.windows": [],
    }
    manifest = {"nodes": {name: {"depends_on": {"nodes": on}} for name, on in nodes.items()}}
    assert bench.ancestors(manifest, bench.FACTS) == [
        "model.counterweight.fct_claims", "model.counterweight.int_claims", "seed.counterweight.windows"
    ]  # fmt: skip
    assert bench.layer_of("models/marts/pairs/pair_p24_return_rate.sql") == "marts"
    assert bench.layer_of("seeds/windows.csv") == "seeds"
    assert bench.layer_of("./dbt_project.yml") == "hooks"


def test_a_size_that_was_not_built_is_told_of():
    results = _recorded()
    results["sizes"]["10000000"]["steps"]["full"] = _step(exit_code=-9, end="too much memory")
    sections = page.sections(results)
    assert "full build: **ended**, too much memory" in sections["steps"]
    assert "10,000,000" not in sections["layers"]
    assert sections["targets"].count("not measured") == 2, "one size says nothing of growth, nor of the memory limit"
