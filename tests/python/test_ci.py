"""What validates a change: the workflow runs what the Makefile has, contracts hold without data, rules of form can
fail, and dbt's pages open offline."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import sync_playwright

from conftest import ROOT, TABLES, rows
from counterweight import cli
from counterweight.build import run_dbt
from counterweight.dev import diff
from counterweight.dev.warehouse_page import read_models

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CI = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = dict(re.findall(r"^([a-z-]+):(?: (?!export)(.*?))?(?: ##.*)?$", MAKEFILE, flags=re.M))
BOUNCER = Path(sys.executable).with_name("dbt-bouncer")
STEPS = [
    step
    for path in WORKFLOWS
    for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    for step in job["steps"]
]


# ---- the workflow


def commands(text):
    """[(program, first argument)] of the lines of a script that run make, counterweight or a script of ours."""
    found = re.findall(r"(?:^|[;&|`\s(])(make|counterweight|\.ci/\w+)(?: +(?:-\w+ +)*([\w-]+))?", text)
    return [(program, argument) for program, argument in found]


def test_every_command_of_the_workflow_is_there():
    run = [command for step in STEPS for command in commands(step.get("run", ""))]
    assert len(run) > 12
    for program, argument in run:
        known = {"make": TARGETS, "counterweight": cli.main.commands}.get(program)
        assert argument in known if known else os.access(ROOT / program, os.X_OK), (program, argument)


def test_scripts_of_the_workflow_are_bash():
    for step in STEPS:
        script = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", "true"))
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)


def test_the_cheap_checks_run_in_the_order_of_make_check():
    ours = TARGETS["check"].split()
    assert ours == ["parse", "properties", "contracts", "unit-tests", "bouncer", "lint"]
    run = [argument for step in CI["jobs"]["check"]["steps"] for _, argument in commands(step.get("run", ""))]
    assert [name for name in run if name in ours] == ours
    assert all("check" in str(CI["jobs"][name].get("needs")) for name in ("slim", "diff", "build", "test"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_do_little(path):
    """Read by default; who may write runs nothing of the branch. Actions are of a named version."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 90, name
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w/-]+@(v\d+|[0-9a-f]{40})", use) for use in used), name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False, name
            # what others may name is no part of a script
            assert not re.search(r"\$\{\{ *github\.(head_ref|event\.(?!pull_request\.number))", step.get("run", ""))
        if "permissions" in job:
            assert not [use for use in used if use.startswith("actions/checkout")], name
        assert set(job["needs"] if isinstance(job.get("needs"), list) else [job.get("needs", "check")]) <= set(
            workflow["jobs"]
        )


class Advisories(http.server.BaseHTTPRequestHandler):
    """Stands for the database of advisories: one is known, of click, where the server is told so."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        self.server.asked = [it["package"]["name"] for it in asked]
        known = {"vulns": [{"id": "GHSA-planted", "modified": "2024-01-01T00:00:00Z"}]}
        self.answer({"results": [known if name in self.server.planted else {} for name in self.server.asked]})

    def do_GET(self):
        times = {"modified": "2024-01-01T00:00:00Z", "published": "2024-01-01T00:00:00Z"}
        self.answer({"id": "GHSA-planted", "summary": "planted", "affected": [], **times})

    def answer(self, content):
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.mark.parametrize("planted", [[], ["click"]], ids=["nothing known", "one known"])
def test_dependencies_are_audited(planted):
    """The command of the Makefile, on what uv.lock pins. The database is a stand-in: none is to be reached here."""
    (command,) = re.findall(r"^\t@\$\(UV\) (audit .*)$", MAKEFILE, flags=re.M)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        server.planted, server.asked = planted, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uv = Path(sys.executable).with_name("uv")
        address = f"http://127.0.0.1:{server.server_port}"
        outcome = subprocess.run(
            [uv, *command.split(), "--service-url", address], cwd=ROOT, capture_output=True, text=True
        )
        server.shutdown()
    assert outcome.returncode == bool(planted), outcome.stderr
    assert ("GHSA-planted" in outcome.stdout) is bool(planted)
    assert {"click", "duckdb", "dbt-core", "great-expectations"} <= set(server.asked)


def test_the_comment_is_found_again():
    assert f'startswith("{diff.MARK}")' in str(CI["jobs"]["comment"])


def test_contributing_names_the_commands_that_there_are():
    text = (ROOT / "docs" / "validate_a_change.md").read_text(encoding="utf-8")
    named = {argument for program, argument in commands(text) if program == "make"}
    assert {*TARGETS["check"].split(), "check", "slim", "state", "diff", "docs"} <= named
    assert named <= set(TARGETS)


def test_hooks_of_each_commit_run_what_is_there():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert Path(sys.executable).with_name(Path(program).name).exists(), hook["entry"]
        if arguments[0] == "-m":
            assert (ROOT / "scripts" / f"{arguments[1].replace('.', '/')}.py").exists()


# ---- without data


@pytest.fixture(scope="module")
def empty(new_project):
    """Everything built on empty tables, and what dbt wrote down of it."""
    project = new_project("empty")
    results = run_dbt(project, ["build", "--empty", *TABLES], {})
    assert {result.node.name: result.message for result in results if result.status != "success"} == {}
    assert len(results) > 200
    run_dbt(project, ["docs", "generate", "--static"], {})
    return project


def test_contracts_hold_on_empty_tables(empty):
    """Every table is there with its columns, and none has a row but lists and what is made of them."""
    assert len(rows(empty, "select table_name from information_schema.tables where table_schema = 'marts'")) > 20
    assert rows(empty, "select * from facts.fct_claims") == []


@pytest.mark.long
def test_a_broken_contract_is_found_on_empty_tables(copied_project):
    path = copied_project.root / "models" / "marts" / "returned_claims.sql"
    path.write_text(path.read_text().replace("        closure_mode,\n", ""))
    (result,) = run_dbt(copied_project, ["run", "--empty", "--select", "returned_claims"], {})
    assert result.status == "error"
    assert "closure_mode" in result.message


# ---- rules of form


@pytest.fixture(scope="module")
def artifacts(empty):
    """A function that gives (manifest, catalog) of the project, each time new."""
    texts = [(empty.dbt_target / f"{name}.json").read_text(encoding="utf-8") for name in ("manifest", "catalog")]
    return lambda: [json.loads(text) for text in texts]


@pytest.fixture
def bounced(tmp_path):
    """A function: the names of the checks that fail on a manifest and a catalog."""

    def run(manifest, catalog):
        config = yaml.safe_load((ROOT / ".ci" / "dbt-bouncer.yml").read_text(encoding="utf-8"))
        assert (ROOT / ".ci" / config["dbt_artifacts_dir"]).resolve() == ROOT / "target" / "check"
        config["dbt_artifacts_dir"] = str(tmp_path)
        for name, content in (("manifest", manifest), ("catalog", catalog), ("rules", config)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        (tmp_path / "rules.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        found = tmp_path / "found.json"
        arguments = ["--config-file", tmp_path / "rules.yml", "--output-file", found, "--output-format", "json"]
        outcome = subprocess.run([BOUNCER, "run", *arguments], cwd=tmp_path, capture_output=True, text=True)
        results = json.loads(found.read_text(encoding="utf-8"))
        failed = {it["check_run_id"].split(":")[0] for it in results if it["outcome"] != "success"}
        assert outcome.returncode == bool(failed), outcome.stdout
        assert len(results) > 2000
        return failed

    return run


def test_rules_of_form_hold(artifacts, bounced):
    assert bounced(*artifacts()) == set()


def test_rules_of_form_can_fail(artifacts, bounced):
    """One break for each rule, all at once."""
    manifest, catalog = artifacts()
    nodes = manifest["nodes"]

    def model(name):
        return nodes[f"model.counterweight.{name}"]

    model("dim_teams")["name"] = "teams"
    model("stg_canonical__calls")["config"]["materialized"] = "table"
    model("fct_claims")["patch_path"] = None
    model("fct_costs")["patch_path"] = "counterweight://models/marts/somewhere.yml"
    model("fct_problems")["raw_code"] = "select * from facts.fct_claims"
    model("fct_incidents")["raw_code"] += ";"
    tests = [
        key for key, node in nodes.items()
        if node["resource_type"] == "test" and node.get("attached_node") == "model.counterweight.cost_to_resolve"
    ]  # fmt: skip
    assert tests
    for key in tests:
        del nodes[key]
    for key in [key for key, test in manifest["unit_tests"].items() if test["model"] == "returned_claims"]:
        del manifest["unit_tests"][key]
    for node in nodes.values():
        if node["resource_type"] == "model":
            sources = node["depends_on"]["nodes"]
            node["depends_on"]["nodes"] = [it for it in sources if it != "source.counterweight.bank_call_log.calls"]
    columns = catalog["nodes"]["model.counterweight.fct_claims"]["columns"]
    columns["claimed_at"]["type"] = "VARCHAR"
    columns["claim_id"]["name"] = "ClaimId"
    failed = bounced(manifest, catalog)
    assert failed >= {
        "check_model_names", "check_model_materialization_permitted", "check_model_has_properties_file",
        "check_model_documented_in_same_directory", "check_model_hard_coded_references", "check_model_has_semi_colon",
        "check_model_has_unique_test", "check_model_has_unit_tests", "check_source_not_orphaned", "check_column_names",
        "check_column_name_complies_to_column_type",
    }  # fmt: skip


# ---- dbt's pages


def test_the_overview_lists_the_marts_with_their_questions():
    page = (ROOT / "models" / "overview.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\(#!/model/model\.counterweight\.(\w+)\) \| (.+) \|$", page, flags=re.M)
    assert listed == [
        (name, name, model["config"]["meta"]["answers"]) for name, model in read_models(ROOT, "marts").items()
    ]


def test_the_pages_open_without_a_network(empty):
    """One file, in a real browser: the overview, then a mart with its columns. It asks nobody, and nothing is wrong."""
    chromium = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
    if chromium is None:
        if os.environ.get("COUNTERWEIGHT_BROWSER_REQUIRED"):
            pytest.fail("the pages must be looked at in a browser here, and there is no chromium")
        pytest.skip("no chromium")
    file = (empty.dbt_target / "static_index.html").as_uri()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked, wrong = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(file)
        page.get_by_text("Which mart answers what").wait_for()
        page.get_by_role("link", name="balanced_scorecard").first.click()
        page.get_by_text("never a target").first.wait_for()
        page.get_by_text("As a dashboard has it", exact=False).or_(
            page.get_by_text("headline_as_reported")
        ).first.wait_for()
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert wrong == []
