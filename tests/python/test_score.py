"""`counterweight score`: what it counts, on results made by hand; that it goes on where it stopped; what it refuses."""

import duckdb
import pytest
from click.testing import CliRunner

from conftest import ROOT
from counterweight import cli
from counterweight.dev import score as scoring
from counterweight.dev import score_measures as measures
from counterweight.errors import BusyError, CounterweightError, InputError
from counterweight.project import Project

RESULT = {
    "run": "r1", "world": "honest", "kind": "honest", "intensity": None, "tickets": 1, "calls": 1, "months": 12,
    "seed": 1, "code": "c", "seconds": 1.0, "detector": "D07", "unit": "A", "period_type": "month",
    "period_start": "2024-01-01", "status": "quiet", "reason": None, "agent_count": 5, "case_count": 60,
    "marked_count": 6, "expected_count": 6, "effect": 0, "z": 0, "noise": 1, "p": 0.5, "q": 1, "behaviours": None,
    "gamed_since": None, "acts": 0,
}  # fmt: skip
PARKED = {"world": "status_parking", "kind": "gamed", "intensity": 0.25, "run": "g1"}


def measured(*rows, **common):
    """The measures of these rows; each says only what matters."""
    connection = measures.read([])
    for row in rows:
        # in a team that games somebody acts, unless the row says otherwise
        games = (common | row).get("gamed_since") is not None
        values = RESULT | {"acts": int(games)} | common | row
        connection.execute(
            f"insert into results by name select {', '.join(f'${name} as {name}' for name in values)}", values
        )
    return measures.measure(connection)


def only(rows, **wanted):
    """The one row with these values."""
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def months(*numbers, **more):
    return [{"period_start": f"2024-{number:02}-01", **more} for number in numbers]


TO_DATE = {"period_type": "to_date", "period_start": None}


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.6889), (1, 0.0253, 5.5716), (3, 0.6187, 8.7673), (10, 4.7954, 18.3904)]
)
def test_the_interval_of_a_count_is_exact(count, low, high):
    assert measures.poisson(count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 20, 0, 0.1611), (20, 20, 0.8389, 1)]
)
def test_the_interval_of_a_share_is_wilsons(hits, trials, low, high):
    assert measures.wilson(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_has_no_interval():
    assert measures.wilson(0, 0) == (None, None)


def test_false_signals_are_counted_a_desk_and_year():
    # twelve months and six: a year and a half. Two months and a team to date: three, 2 a year.
    # What is exactly as false elsewhere is not counted: a trap, and the honest team of a gamed world.
    found = measured(
        *months(1, 2, status="signal"),
        {**TO_DATE, "run": "r2", "months": 6, "status": "signal"},
        {"detector": "D08", "status": "not_evaluable"},
        {"world": "vendor_waits", "kind": "trap", "run": "t", "status": "signal"},
        {**PARKED, "status": "signal"},
    )["false_signals"]
    assert [row["detector"] for row in found] == ["D07", "D08", "all"]
    row = only(found, detector="all")
    assert (row["months"], row["to_date"], row["desk_years"], row["evaluable"], row["cells"]) == (2, 1, 1.5, 3, 4)
    assert (row["a_year"], row["low"], row["high"]) == pytest.approx((2, 0.6187 / 1.5, 8.7673 / 1.5), abs=1e-4)
    assert only(found, detector="D08")["a_year"] == 0


def test_a_trap_counts_its_own_detectors_and_the_others_apart():
    trap = {"world": "vendor_waits", "kind": "trap", "run": "t"}
    found = measured(
        *months(1, 2, 3, **trap),
        *months(4, status="signal", **trap),
        *months(5, status="not_evaluable", **trap),
        *months(1, 2, detector="D08", **trap),
        *months(1, detector="D08", status="signal", **trap | {"world": "honest_but_suspicious", "kind": "suspicious"}),
    )["traps"]
    own = only(found, world="vendor_waits", detector="D07")
    assert (own["signals"], own["evaluable"], own["cells"], own["share"]) == (1, 4, 5, 0.25)
    others = only(found, world="vendor_waits", detector="others")
    assert (others["signals"], others["evaluable"]) == (0, 2)
    assert only(found, world="honest_but_suspicious", detector="D08")["share"] == 1


def test_the_family_of_a_detector_shares_its_traps():
    assert measures.traps_of("D02c") == measures.traps_of("D01") != ()
    assert "category_hump" in measures.traps_of("D03")
    assert measures.worlds_of("D02c") == ("unofficial_ceiling",)
    assert measures.worlds_of("D08") == ("premature_closing",)


def test_the_month_in_which_it_begins_is_gamed():
    # the habit begins on 20 March: March counts, February does not; to date, the whole
    found = measured(
        *months(2, 3, 4, gamed_since="2024-03-20 00:00:00", **PARKED),
        *months(2, 3, 4, unit="B", **PARKED),
        {**PARKED, **TO_DATE, "gamed_since": "2024-03-20 00:00:00"},
    )["power"]
    assert only(found, period_type="month")["cells"] == 2
    assert only(found, period_type="to_date")["cells"] == 1


def test_a_month_that_ends_when_it_begins_is_not_gamed():
    assert measured(*months(2, gamed_since="2024-03-01 00:00:00", **PARKED))["power"] == []


def test_power_is_found_of_evaluable_by_number_of_cases():
    gamed = PARKED | {"gamed_since": "2024-01-01 00:00:00"}
    found = measured(
        *months(1, case_count=50, status="signal", **gamed),
        *months(2, case_count=99, **gamed),
        *months(3, case_count=99, status="not_evaluable", **gamed),
        *months(4, case_count=100, status="signal", acts=7, **gamed),
        # another detector's world says nothing about this one
        *months(5, case_count=100, **gamed | {"world": "recoding"}),
        # nor do worlds in which many things happen at once
        *months(6, case_count=100, **gamed | {"world": "status_parking", "kind": "mixed"}),
    )["power"]
    fifty = only(found, n_from=50)
    assert (fifty["signals"], fifty["evaluable"], fifty["cells"], fifty["share"]) == (1, 2, 3, 0.5)
    hundred = only(found, n_from=100)
    assert (hundred["signals"], hundred["evaluable"], hundred["acts"], hundred["intensity"]) == (1, 1, 7, 0.25)
    assert len(found) == 2


def test_enough_is_the_least_number_of_cases_from_which_four_of_five_are_found():
    gamed = PARKED | {"gamed_since": "2024-01-01 00:00:00"}
    # below 100: one of six. From 100 on: four of five. All: five of eleven.
    rows = [
        *months(1, case_count=60, status="signal", **gamed),
        *months(2, 3, 4, 5, 6, case_count=60, **gamed),
        *months(7, 8, 9, case_count=150, status="signal", **gamed),
        *months(10, case_count=250, status="signal", **gamed),
        *months(11, case_count=250, **gamed),
    ]
    row = only(measured(*rows)["reached"], period_type="month")
    assert (row["signals"], row["evaluable"], row["enough_from"]) == (5, 11, 100)
    # one fewer, and the five cells that a statement needs are not there
    assert only(measured(*rows[:-1])["reached"], period_type="month")["enough_from"] is None


def test_the_right_team_is_one_that_games_by_then():
    found = measured(
        *months(6, 7, status="signal", gamed_since="2024-06-15 00:00:00", **PARKED),
        *months(1, status="signal", gamed_since="2024-06-15 00:00:00", **PARKED),
        *months(6, status="signal", unit="B", **PARKED),
        *months(7, unit="B", **PARKED),
        *months(7, status="signal"),
    )["right_team"]
    row = only(found, detector="all")
    assert (row["right_team"], row["signals"], row["wrong"], row["honest_cells"], row["share"]) == (2, 4, 2, 3, 0.5)


def test_months_to_detect_begin_with_the_month_of_the_habit():
    since = {"gamed_since": "2024-03-20 00:00:00"} | PARKED
    rows = [
        # at once: the false signal in January was before it
        *months(1, 3, status="signal", unit="A", **since),
        # the third month
        *months(3, 4, unit="B", **since),
        *months(5, 6, status="signal", unit="B", **since),
        # never
        *months(3, 4, 5, unit="C", **since),
        # not its team
        *months(3, status="signal", unit="D", **PARKED),
    ]
    row = only(measured(*rows)["months_to_detect"], world="status_parking")
    assert (row["teams"], row["never"], row["median"]) == (3, 1, 3)
    row = only(measured(*rows[2:], *months(4, unit="A", **since))["months_to_detect"], world="status_parking")
    assert (row["teams"], row["never"], row["median"]) == (3, 2, None)


def test_calibration_looks_at_honest_cells_that_could_be_evaluated():
    rows = [
        {"p": 0.004, "z": 2.5}, {"p": 0.04, "z": 1.5}, {"p": 0.05, "z": -1}, {"p": 0.9, "z": -1},
        {"p": None, "z": None, "status": "not_evaluable"},
    ]  # fmt: skip
    rows = [{**row, "unit": str(number)} for number, row in enumerate(rows)]
    row = only(measured(*rows, {**PARKED, "p": 0.001, "z": 5})["calibration"], detector="D07")
    assert (row["cells"], row["below_5"], row["below_1"], row["mean_z"], row["max_z"]) == (4, 0.5, 0.25, 0.5, 2.5)
    # 2, 1, -1.5, -1.5 from the mean: 9.5 in all, by three
    assert row["sd_z"] == pytest.approx(1.7795, abs=1e-4)


def test_the_bar_says_what_is_met():
    gamed = PARKED | {"gamed_since": "2024-01-01 00:00:00", "case_count": 150}
    lines = measured(
        *months(1, 2, status="signal"),
        *months(*range(1, 6), status="signal", **gamed),
        *months(1, 2, world="vendor_waits", kind="trap", run="t"),
        *months(1, world="quick_answers", kind="trap", run="u", detector="D08", status="signal"),
    )["bar"]
    false, traps, suspicious = lines[:3]
    assert (false["measured"], false["is_met"]) == ("2.00 (0.24 to 7.22)", False)
    assert (traps["measured"], traps["is_met"]) == ("at worst 100.0 % (1 of 1): D08 on quick_answers, months", False)
    assert (suspicious["measured"], suspicious["is_met"]) == ("nothing", None)
    parked = next(line for line in lines if line["wanted"].startswith("D07"))
    assert (parked["measured"], parked["is_met"]) == ("from 100 cases, intensity 0.25, team and month", True)
    assert next(line for line in lines if line["wanted"].startswith("D15"))["is_met"] is None


# ---- the plan


def test_the_plan_asks_every_computed_detector():
    entries = scoring.plan(ROOT)
    names = {entry.world for entry in entries}
    for row in scoring._catalogue(ROOT):
        if row["is_computed"] == "true":
            assert set(measures.worlds_of(row["detector"])) <= names, row["detector"]
            assert measures.worlds_of(row["detector"]), f"{row['detector']} has no world in which it must speak"
            assert set(measures.traps_of(row["detector"])) <= names, row["detector"]
    assert len({entry.name for entry in entries}) == len(entries)
    assert {entry.kind for entry in entries} == {"honest", "trap", "suspicious", "gamed", "mixed"}
    for world in ("call_cutting", "recoding"):
        assert {entry.intensity for entry in entries if entry.world == world} == {0.1, 0.25, 0.5}
    assert len({entry.seed for entry in entries}) == len(entries)


def test_a_part_of_the_plan_has_the_worlds_of_the_whole():
    whole = {entry.name for entry in scoring.plan(ROOT)}
    for part in (scoring.plan(ROOT, detectors=["D07"]), scoring.plan(ROOT, worlds=["recoding", "mixed"])):
        assert {entry.name for entry in part} < whole


def test_other_seeds_are_other_worlds():
    assert not {entry.seed for entry in scoring.plan(ROOT)} & {
        entry.seed for entry in scoring.plan(ROOT, first_seed=50_001)
    }
    assert len(scoring.plan(ROOT, worlds=["recoding"], seeds=4)) == 12


def test_a_world_that_no_plan_has_is_made_with_its_own_settings(tmp_path):
    own = tmp_path / "mine.yml"
    own.write_text("{like: honest, habits: {recoding: {intensity: 0.3}, hoarding: {}}}", encoding="utf-8")
    entries = scoring.plan(ROOT, worlds=[str(own)], tickets=10, calls=0, months=1)
    assert [(e.kind, e.strength, e.tickets, e.calls, e.months) for e in entries] == [("mixed", None, 10, 0, 1)] * 2
    assert entries[0].name == f"mine-10t0c1m-{entries[0].seed}"


def test_a_plan_can_be_a_file(tmp_path):
    file = tmp_path / "plan.yml"
    file.write_text("[honest, {world: recoding, intensity: 0.5, tickets: 90, seeds: 2}]", encoding="utf-8")
    entries = scoring.plan(ROOT, worlds=[str(file)])
    assert [(e.world, e.intensity, e.tickets, e.seed) for e in entries] == [
        ("honest", None, 40_000, 1001), ("recoding", 0.5, 90, 1002), ("recoding", 0.5, 45, 2002),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{world: recodin}]", "Did you mean 'recoding'"),
        ("[{intensity: 0.5}]", "entry 1: a world is wanted"),
        ("[{world: recoding, ticket: 5}]", "there is no setting 'ticket'. Did you mean 'tickets'"),
        ("[{world: recoding, intensity: much}]", "intensity wants a number"),
        ("[{world: recoding, intensity: 1.5}]", "intensity wants a number"),
        ("[{world: ", "is no YAML"),
    ],
)
def test_a_plan_that_cannot_be_is_explained(tmp_path, text, expected):
    file = tmp_path / "plan.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=expected):
        scoring.plan(ROOT, worlds=[str(file)])


# ---- one result


@pytest.fixture
def truth(tmp_path):
    """Two agents of team A game, the second later; the lookalike of team B is honest."""
    folder = tmp_path / "truth"
    folder.mkdir()
    duckdb.execute(
        f"""
        copy (select * from (values
            ('a1', 'A', 'status_parking', true, timestamp '2024-03-20'),
            ('a2', 'A', 'recoding', true, timestamp '2024-04-01'),
            ('b1', 'B', 'vendor_waits', false, timestamp '2024-01-01')
        ) as t (agent_id, team_id, behaviour, is_gaming, since)) to '{folder}/behaviours.parquet'
        """
    )
    duckdb.execute(
        f"""
        copy (select * from (values
            ('a1', 'status_parking', true, timestamp '2024-03-31 23:59:59'),
            ('a1', 'status_parking', true, timestamp '2024-04-02'),
            ('a2', 'recoding', true, timestamp '2024-04-03'), ('b1', 'vendor_waits', false, timestamp '2024-04-03')
        ) as t (agent_id, behaviour, is_gaming, "at")) to '{folder}/acts.parquet'
        """
    )
    return folder


STATUSES = """(
    select 'D07' as detector, unit, period_type, period_start::date as period_start, status,
        null::varchar as not_evaluable_reason, 4 as agent_count, 60 as case_count, 6 as marked_count,
        5.0 as expected_count, 0.1 as effect, 4.0 as z, 1.0 as noise, 0.01 as p, 0.02 as q
    from (values
        ('A', 'month', '2024-02-01', 'signal'), ('A', 'month', '2024-03-01', 'signal'),
        ('A', 'month', '2024-04-01', 'quiet'), ('A', 'to_date', null, 'signal'), ('B', 'month', '2024-04-01', 'signal')
    ) as t (unit, period_type, period_start, status)
)"""
ENTRY = scoring.Entry("status_parking", 0.25, 100, 50, 4, seed=9)


def test_a_result_has_the_statuses_beside_the_truth(tmp_path, truth):
    said = scoring.write(None, truth, tmp_path / "out", ENTRY, "abc", 1.23, STATUSES)
    assert said == "2 signals in gamed teams, 2 in others"
    (file,) = (tmp_path / "out").iterdir()
    assert file.name == "status_parking-0.25-100t50c4m-9.parquet"
    rows = duckdb.sql(
        f"select unit, period_start::varchar, behaviours, gamed_since::varchar, acts from '{file}' order by all"
    ).fetchall()
    since = "2024-03-20 00:00:00"
    both = "recoding, status_parking"
    assert rows == [
        ("A", "2024-02-01", both, since, 0),
        ("A", "2024-03-01", both, since, 1),
        ("A", "2024-04-01", both, since, 2),
        ("A", None, both, since, 3),
        ("B", "2024-04-01", None, None, 0),
    ]
    assert duckdb.sql(f"select distinct kind, intensity, seed, code, months from '{file}'").fetchall() == [
        ("gamed", 0.25, 9, "abc", 4)
    ]


def test_who_moves_takes_the_habit_along(tmp_path, truth):
    """a2 goes to team B on 3 April: what he does there is B's, since then."""
    raw = tmp_path / "raw"
    raw.mkdir()
    duckdb.execute(
        f"""
        copy (select * from (values
            ('a1', 'A', timestamp '2023-01-01', null), ('a2', 'A', timestamp '2023-01-01', timestamp '2024-04-03'),
            ('a2', 'B', timestamp '2024-04-03', null), ('b1', 'B', timestamp '2023-01-01', null)
        ) as t (agent_id, team_id, valid_from, valid_to)) to '{raw}/agents.parquet'
        """
    )
    scoring.write(None, truth, tmp_path / "out", ENTRY, "abc", 1.23, STATUSES)
    rows = duckdb.sql(
        f"select unit, period_start::varchar, behaviours, gamed_since::varchar, acts from '{tmp_path}/out/*.parquet' "
        "order by all"
    ).fetchall()
    assert rows[2:] == [
        ("A", "2024-04-01", "recoding, status_parking", "2024-03-20 00:00:00", 1),
        ("A", None, "recoding, status_parking", "2024-03-20 00:00:00", 2),
        ("B", "2024-04-01", "recoding", "2024-04-03 00:00:00", 1),
    ]


# ---- many worlds


@pytest.fixture
def project(tmp_path):
    return Project(root=ROOT, warehouse=tmp_path / "w.duckdb", published=tmp_path / "published")


class Made:
    """Makes results without worlds: `names` of what was made; the world `stop_at` raises `error`, once."""

    def __init__(self, truth):
        self.truth, self.names, self.stop_at, self.error = truth, [], None, None

    def __call__(self, root, folder, out, entry, code):
        if entry.name == self.stop_at:
            self.stop_at = None
            (out / f".{entry.name}.half").write_text("half")
            raise self.error
        self.names.append(entry.name)
        return scoring.write(None, self.truth, out, entry, code, 2.0, STATUSES)


@pytest.fixture
def made(monkeypatch, truth):
    made = Made(truth)
    monkeypatch.setattr(scoring, "make", made)
    return made


@pytest.fixture
def entries():
    return scoring.plan(ROOT, worlds=["status_parking", "honest_but_suspicious"])


def test_a_run_that_was_stopped_goes_on(project, tmp_path, made, entries, capsys):
    out = tmp_path / "out"
    made.stop_at, made.error = entries[2].name, KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        scoring.score(project, entries, out, jobs=1)
    assert "stopped at 2 of 8; the same command goes on" in capsys.readouterr().err
    assert made.names == [entry.name for entry in entries[:2]]
    assert not (out / "score.json").exists()
    scoring.score(project, entries, out, jobs=1)
    assert made.names == [entry.name for entry in entries]
    assert "8 worlds, 2 of them done; about " in capsys.readouterr().out
    # and a third time nothing is made
    found = scoring.score(project, entries, out, jobs=1)
    assert len(made.names) == len(entries)
    assert "nothing left" in capsys.readouterr().out
    assert measures.written(out / "score.json") == found
    assert found["run"]["worlds"] == 8


def test_results_of_other_code_or_halves_are_made_again(project, tmp_path, made, entries, truth):
    out, few = tmp_path / "out", entries[:3]
    scoring.score(project, few, out, jobs=1)
    scoring.write(None, truth, out, few[0], "older", 2.0, STATUSES)
    (out / f"{few[1].name}.parquet").write_bytes(b"PAR1 cut off")
    scoring.score(project, few, out, jobs=1)
    assert made.names[3:] == [few[0].name, few[1].name]


def test_a_world_that_fails_is_named_and_the_others_are_made(project, tmp_path, made, entries):
    made.stop_at, made.error = entries[0].name, CounterweightError("the build failed in fct_x: out of cheese")
    with pytest.raises(CounterweightError, match=r"1 of 8 worlds failed(.|\n)*status_parking(.|\n)*out of cheese"):
        scoring.score(project, entries, tmp_path / "out", jobs=1)
    assert len(made.names) == 7


def test_two_runs_do_not_share_a_folder(project, tmp_path, made, entries):
    (tmp_path / "out").mkdir()
    with scoring._alone(tmp_path / "out"), pytest.raises(BusyError, match="name another --out"):
        scoring.score(project, entries, tmp_path / "out", jobs=1)


def test_processes_report_what_went_wrong(tmp_path):
    """In a folder that is no project the worlds are simulated and then fail, in processes of their own."""
    few = scoring.plan(ROOT, worlds=["honest"], tickets=20, calls=0, months=1)[:2]
    found = list(scoring._made(tmp_path, tmp_path / "work", tmp_path / "out", few, "c", jobs=2))
    assert sorted(entry.name for entry, _, _ in found) == sorted(entry.name for entry in few)
    assert all(said is None and error for _, said, error in found)


def test_the_code_is_what_decides_a_result(tmp_path):
    def project_of(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return scoring.fingerprint(Project(root=tmp_path, warehouse=tmp_path, published=tmp_path))

    first = project_of({"models/marts/detectors/detector_x.sql": "1", "models/marts/other.sql": "1", "README.md": "1"})
    assert project_of({"models/marts/other.sql": "2", "README.md": "2"}) == first
    assert project_of({"models/marts/detectors/detector_x.sql": "2"}) != first


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--list", "--detectors", "D07"], 0, "with 2 jobs"),
        (["--detectors", "D70"], 2, "There is no computed detector 'D70'. Known: D01, D02, "),
        (["--detectors", "D13"], 2, "no computed detector 'D13'"),
        (["--worlds", "recodin"], 2, "Did you mean 'recoding'"),
        (["--worlds", "nowhere.yml"], 2, "there is no such file"),
        (["--jobs", "0"], 2, "--jobs"),
    ],
)
def test_the_command_says_what_it_would_do_and_what_it_cannot(monkeypatch, tmp_path, arguments, code, expected):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli.main, ["score", "--out", str(tmp_path / "out"), *arguments])
    assert (result.exit_code, expected in result.output) == (code, True), result.output


@pytest.mark.long
def test_small_worlds_from_end_to_end(project, tmp_path):
    entries = scoring.plan(ROOT, quick=True, worlds=["honest", "status_parking"], tickets=1500, calls=600, months=3)
    found = scoring.score(project, entries, tmp_path / "out", jobs=2)
    assert only(found["false_signals"], detector="all")["a_year"] <= 4
    computed = {row["detector"] for row in scoring._catalogue(ROOT) if row["is_computed"] == "true"}
    assert {row["detector"] for row in found["false_signals"]} == computed | {"all"}
    assert {row["detector"] for row in found["reached"]} >= {"D07"}
    assert sorted(file.suffix for file in (tmp_path / "out").iterdir() if file.name != ".lock") == [
        ".json", ".parquet", ".parquet",
    ]  # fmt: skip
