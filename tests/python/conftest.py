"""Worlds that several tests read: each is loaded, built, audited and published once a session."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

import duckdb
import jinja2
import pytest
from dbt.contracts.files import FileHash
from dbt.parser.manifest import ManifestLoader
from hypothesis import settings
from playwright.sync_api import sync_playwright

import zendesk_world
from counterweight import build as building
from counterweight.audit import audit
from counterweight.build import build, run_dbt
from counterweight.load import load
from counterweight.project import Project
from counterweight.publish import publish
from counterweight.worlds import simulate as simulate_world
from postgres_server import running_server, what_is_missing
from servicenow_world import simulate

# The same examples in every run: what fails here fails everywhere.
settings.register_profile("counterweight", derandomize=True)
settings.load_profile("counterweight")

ROOT = Path(__file__).resolve().parents[2]
# Two workers must not write into one folder of dbt's.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["DBT_TARGET_PATH"] = f"target/{worker}"
# What dbt kept of an earlier session may be stale. Of this one, copies of the code take it over (what_was_read).
PARSED = Path(os.environ.get("DBT_TARGET_PATH", "target")) / "partial_parse.msgpack"
(ROOT / PARSED).unlink(missing_ok=True)
# Nor does a test look at what dbt writes down of a build: what is asked for by `compile` and `docs` is written.
os.environ["DBT_WRITE_JSON"] = "false"
# Only expressions of the semantic models have the zone in what is read; test_metrics reads those.
building._NOT_READ = (*building._NOT_READ, "reporting_time_zone")
building._PARSED_AT_ONCE = 6
REAL_DATA = (ROOT / os.environ.get("REAL_DATA", "../shared/data")).resolve()
ZONE_OF_DEALERSHIP = "Europe/Vienna"
TICKETS_OF_DEALERSHIP = "https://desk.example/tickets/{ticket_id}?view=agent's"
VALUES_OF_DEALERSHIP = {
    "reporting_time_zone": ZONE_OF_DEALERSHIP,
    "ticket_link_templates": {"canonical": TICKETS_OF_DEALERSHIP},
}
WITHOUT_MARTS = ["--exclude", "path:models/marts"]
# `dbt build` takes exposures and saved queries for nodes as well.
TABLES = ["--resource-type", "model", "--resource-type", "seed"]
SERVICENOW_LOG = REAL_DATA / "servicenow_incident_log" / "incident_event_log.csv.gz"


def _compiled_once(compile_template):
    """dbt makes a template of each text that it reads or renders, of the same ones again and again. What jinja makes of
    a text depends on that and on the class of its environment."""
    made = {}

    def give(self, source, name=None, filename=None, raw=False, defer_init=False):
        if raw or not isinstance(source, str):
            return compile_template(self, source, name, filename, raw, defer_init)
        key = (type(self), source, name, filename)
        if key not in made:
            made[key] = compile_template(self, source, name, filename, raw, defer_init)
        return made[key]

    return give


jinja2.Environment.compile = _compiled_once(jinja2.Environment.compile)


def _wherever_the_database_is(build_state_check):
    """dbt reads anew what it kept where the profile has another file. The name of the database is all that is read."""

    def check(self):
        state = build_state_check(self)
        credentials = self.root_project.credentials
        state.profile_hash = FileHash.from_contents(f"{credentials.type} {credentials.database}")
        return state

    return check


ManifestLoader.build_manifest_state_check = _wherever_the_database_is(ManifestLoader.build_manifest_state_check)


def what_was_read(root):
    """Gives a copy of the code what dbt read of the code in this session, so that it reads what differs."""
    if (ROOT / PARSED).exists():
        (root / PARSED).parent.mkdir(parents=True)
        shutil.copy(ROOT / PARSED, root / PARSED)


# Files that take longest, the dearest first: a worker that is left alone with one at the end keeps all waiting.
LONGEST = (
    "test_schedules", "test_determinism", "test_quarantine", "test_zendesk", "test_connector", "test_odd_worlds",
    "test_planted_returns", "test_report", "test_publish", "test_accounts", "test_privacy", "test_project",
    "test_expectations", "test_real_log", "test_bench", "test_kills", "test_own_pair", "test_clocks",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session", autouse=True)
def _development_salt():
    """Keys must not depend on the tester's environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COUNTERWEIGHT_SALT", raising=False)
        yield


def build_facts(project, values=None, select=()):
    """All but the marts, or what is selected, for tests of no more than that. Nothing that could be published."""
    arguments = ["build", *TABLES, *(["--select", *select] if select else WITHOUT_MARTS)]
    results = run_dbt(project, arguments, values or {})
    assert {result.node.name: result.message for result in results if result.status != "success"} == {}


@pytest.fixture(scope="session")
def new_project(tmp_path_factory):
    """A function that gives an empty warehouse of this project's code."""

    def make(name):
        return project_in(tmp_path_factory.mktemp(name))

    return make


def project_in(folder):
    return Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A function that gives a folder as `make` filled it. Of several workers the first that asks makes it, the others
    wait; each has a copy of its own, so that none sees what another's tests do to it."""

    def give(name, make):
        own = tmp_path_factory.mktemp(name)
        if not worker:
            make(own)
            return own
        # above the folders of the workers: of this session and no other
        kept = tmp_path_factory.getbasetemp().parent / f"once_{name}"
        with kept.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                begun = kept.with_suffix(".begun")
                # of a worker that failed at it
                shutil.rmtree(begun, ignore_errors=True)
                begun.mkdir()
                make(begun)
                begun.rename(kept)
        shutil.copytree(kept, own, symlinks=True, dirs_exist_ok=True)
        return own

    return give


def load_and_publish(project, log, values=None):
    """All the commands on a log of ServiceNow."""
    load(project, "servicenow", [f"incident_event_log={log}"])
    build(project, values or {})
    audit(project)
    publish(project)


@pytest.fixture(scope="session")
def run_all(new_project):
    """A function that loads a log into a new warehouse, builds, audits and publishes it."""

    def run(name, log, values=None):
        project = new_project(name)
        load_and_publish(project, log, values)
        return project

    return run


@pytest.fixture(scope="session")
def demo_log(tmp_path_factory):
    """The log of the demo world; truth.csv lies beside it."""
    return simulate(tmp_path_factory.mktemp("world"))[0]


@pytest.fixture(scope="session")
def demo(made_once, demo_log):
    return project_in(made_once("demo", lambda folder: load_and_publish(project_in(folder), demo_log)))


def copy_code(root):
    """A copy of the project's code, to be broken."""
    for name in ("models", "macros", "seeds", "tests", "expectations"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("python"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, root / name)
    what_was_read(root)


@pytest.fixture(scope="session")
def copy_project(demo):
    """A function that puts the project's code and the demo warehouse into a folder where both may be broken."""

    def make(folder):
        root = folder / "code"
        copy_code(root)
        shutil.copy(demo.warehouse, folder / "counterweight.duckdb")
        return Project(root=root, warehouse=folder / "counterweight.duckdb", published=folder / "published")

    return make


@pytest.fixture
def copied_project(copy_project, tmp_path):
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def dealership(made_once):
    """The published warehouse of a world with every raw table, contract prices among them, and the folder of those."""

    def make(folder):
        simulate_world(folder / "world", world="dealership", tickets=800, calls=1600, months=4)
        project = project_in(folder)
        load(project, None, [f"canonical={folder}/world/raw"])
        build(project, VALUES_OF_DEALERSHIP)
        audit(project)
        publish(project)

    folder = made_once("dealership", make)
    return project_in(folder), folder / "world" / "raw"


@pytest.fixture(scope="session")
def real_log():
    """The real ServiceNow log. Skips without it, fails where it must be there."""
    if not SERVICENOW_LOG.exists():
        if os.environ.get("COUNTERWEIGHT_REAL_DATA_REQUIRED"):
            pytest.fail(f"the real logs must be tested here, and {SERVICENOW_LOG} is missing")
        pytest.skip("the real logs are not here; `make real` says which are wanted")
    return SERVICENOW_LOG


@pytest.fixture(scope="session")
def real(made_once, real_log):
    """Facts, and the marts that are read: with two other logs all is built, audited and published (three_sources)."""

    def make(folder):
        load(project_in(folder), "servicenow", [f"incident_event_log={real_log}"])
        read = ["path:models/facts", "int_ticket_histories", "balanced_scorecard", "returned_claims"]
        build_facts(project_in(folder), select=[f"+{name}" for name in read])

    return project_in(made_once("real", make))


@pytest.fixture(scope="session")
def bank_logs(real_log):
    """The two months of the bank's call log."""
    del real_log  # skips or fails where the real logs are not here
    return sorted((REAL_DATA / "bank_call_log").glob("*.csv.gz"))


@pytest.fixture(scope="session")
def three_sources(made_once, real_log, bank_logs):
    """The three real sources, loaded in one go into one warehouse."""
    excerpt = REAL_DATA / "service_manager_excerpt"

    def make(folder):
        project = project_in(folder)
        load(
            project,
            None,
            [
                f"servicenow.incident_event_log={real_log}",
                *(f"bank_call_log.calls={path}" for path in bank_logs),
                f"service_manager.interactions={excerpt}/Detail_Interaction_excerpt.csv",
                f"service_manager.incidents={excerpt}/Detail_Incident_excerpt.csv",
                f"service_manager.incident_activities={excerpt}/Detail_Incident_Activity_excerpt.csv",
            ],
        )
        build(project, {})
        audit(project)
        publish(project)

    return project_in(made_once("three_sources", make))


@pytest.fixture(scope="session")
def zendesk_folder(tmp_path_factory):
    """A world's tables in Zendesk's layout and in the contract (its folder), and the ticket behind each number."""
    folder = tmp_path_factory.mktemp("zendesk_world")
    simulate_world(folder, tickets=1500, calls=1500, months=5)
    names = zendesk_world.translate(folder / "raw", folder)
    return folder, {str(number): name for name, number in names.items()}


@pytest.fixture(scope="session")
def zendesk(new_project, zendesk_folder):
    project = new_project("zendesk")
    load(project, None, [f"zendesk={zendesk_folder[0] / 'zendesk'}"])
    build_facts(project, {"zendesk_schema": "raw", **zendesk_world.VARIABLES})
    return project


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server. Skips without one, fails where it must be there."""
    missing = what_is_missing()
    if missing and os.environ.get("COUNTERWEIGHT_ENGINES_REQUIRED"):
        pytest.fail(f"the engines must be tested here, and {missing}")
    if missing:
        pytest.skip(missing)
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; skips without one, fails where it must be there."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        if os.environ.get("COUNTERWEIGHT_BROWSER_REQUIRED"):
            pytest.fail("pages must be looked at here, and there is no chromium")
        pytest.skip("there is no chromium to look at pages with")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


def rows(project, query, parameters=None):
    """Rows of a query on the build file."""
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return connection.execute(query, parameters).fetchall()


def one(project, query, parameters=None):
    """The only row of a query on the build file."""
    (row,) = rows(project, query, parameters)
    return row
