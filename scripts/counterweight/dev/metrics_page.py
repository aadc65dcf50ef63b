"""Fill docs/metrics.md: the table of metrics, and the answers to its examples.

    python -m counterweight.dev.metrics_page    after `make demo`: it asks what lies in published/demo

The prose and the questions are written by hand. A question is a block of the page that begins with `$ mf query`; its
answer is what follows it there.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from counterweight.dev import pages
from counterweight.errors import CounterweightError

PAGE = Path("docs") / "metrics.md"
EXAMPLE = re.compile(r"```console\n\$ (mf query (?:[^\n]*\\\n)*[^\n]*)\n(.*?)```", re.DOTALL)


def parsed(root, target="reader", **environment):
    """What dbt reads of the metrics, as text: semantic_manifest.json."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "dbt",
            "parse",
            "--no-partial-parse",
            "--target",
            target,
            "--target-path",
            folder,
            "--log-level",
            "none",
        ]
        code = "import sys; from dbt.cli.main import cli; cli(sys.argv[1:])"
        done = subprocess.run(
            [sys.executable, "-c", code, *command[1:], "--log-path", folder],
            cwd=root,
            env={**os.environ, "DBT_PROFILES_DIR": str(root), **environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CounterweightError(f"dbt could not read the project: {done.stdout} {done.stderr}")
        return (Path(folder) / "semantic_manifest.json").read_text(encoding="utf-8")


def asked(root, manifest, published, calls, **environment):
    """Exit code and output of each call of `mf`, as a reader of what is published sees them. One program for all.

    environment  says where else to look, for example {"COUNTERWEIGHT_TARGET": "postgres"}
    """
    with tempfile.TemporaryDirectory() as folder:
        # mf looks for what dbt read in the folder `target` beside dbt_project.yml, wherever dbt was told to write
        (Path(folder) / "target").mkdir()
        (Path(folder) / "target" / "semantic_manifest.json").write_text(manifest, encoding="utf-8")
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(Path(root) / name, folder)
        done = subprocess.run(
            [sys.executable, "-c", "from counterweight.dev.metrics_page import answer; answer()", "answers.json"],
            cwd=folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
                "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
                "DBT_PROFILES_DIR": folder,
                "COUNTERWEIGHT_TARGET": "reader",
                "COUNTERWEIGHT_PUBLISHED": str(Path(published).absolute()),
                **environment,
            },
            input=json.dumps(calls),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CounterweightError(f"mf could not run: {done.stdout} {done.stderr}")
        return json.loads((Path(folder) / "answers.json").read_text(encoding="utf-8"))


def answer():
    """In a program of its own: calls of mf from standard input, their exit codes and outputs into the file named."""
    from click.testing import CliRunner
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from dbt_metricflow.cli.main import cli

    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    answers = []
    for call in json.load(sys.stdin):
        result = CliRunner().invoke(cli, call, obj=configuration)
        answers.append([result.exit_code, result.stdout])
    Path(sys.argv[1]).write_text(json.dumps(answers), encoding="utf-8")


def examples(text):
    """Question -> answer, as they stand on the page."""
    return dict(EXAMPLE.findall(text))


def call_of(question):
    """The arguments of mf in a question."""
    return shlex.split(question.replace("\\\n", " "))[1:]


def answered(text, root, manifest, published):
    """The page with each answer as it is today."""
    questions = list(examples(text))
    answers = dict(zip(questions, asked(root, manifest, published, [call_of(each) for each in questions]), strict=True))
    for question, (code, output) in answers.items():
        if code:
            raise CounterweightError(f"{question}: {output}")

    def written(block):
        lines = [line.rstrip() for line in answers[block[1]][1].strip("\n").splitlines()]
        return f"```console\n$ {block[1]}\n" + "\n".join(lines) + "\n```"

    return EXAMPLE.sub(written, text)


def table(manifest):
    """The metrics by pair: what each is, and its reality where it is a headline."""
    declared = {metric["name"]: metric["config"]["meta"] for metric in manifest["metrics"]}
    places = {
        metric["name"]: (sorted(models_of(metric["name"], manifest)), _cohort(metric)) for metric in manifest["metrics"]
    }

    def realities(name):
        """Those of its own models and cohort, as the rule asks (macros/assert_no_kpi_travels_alone.sql)."""
        meta = declared[name]
        return [
            other
            for other, its in declared.items()
            if its["kpi_side"] == "reality" and its["kpi_pair"] == meta["kpi_pair"] and places[other] == places[name]
        ]

    rows = []
    for metric in sorted(manifest["metrics"], key=lambda metric: declared[metric["name"]].get("kpi_pair", "")):
        name, meta = metric["name"], declared[metric["name"]]
        if meta["kpi_side"] == "none":
            continue
        beside = ", ".join(f"`{other}`" for other in realities(name)) if meta["kpi_side"] == "headline" else ""
        rows.append((meta["kpi_pair"], f"`{name}`", metric["description"], meta["kpi_side"], beside))
    behind = [
        (f"`{metric['name']}`", metric["description"])
        for metric in manifest["metrics"]
        if declared[metric["name"]]["kpi_side"] == "none"
    ]
    return {
        "metrics": pages.table(("pair", "metric", "what", "side", "its reality"), rows),
        "parts": pages.table(("metric", "what"), behind),
    }


def _cohort(metric):
    filters = (metric["filter"] or {}).get("where_filters") or []
    return metric["config"]["meta"].get("kpi_cohort") or sorted(each["where_sql_template"] for each in filters)


def models_of(name, manifest):
    """The models that a metric is made of."""
    metric = next(metric for metric in manifest["metrics"] if metric["name"] == name)
    found = set()
    for part in ("numerator", "denominator"):
        if metric["type_params"].get(part):
            found |= models_of(metric["type_params"][part]["name"], manifest)
    for measure in [metric["type_params"]["measure"]] if metric["type_params"].get("measure") else []:
        found |= {
            model["node_relation"]["alias"]
            for model in manifest["semantic_models"]
            if measure["name"] in [each["name"] for each in model["measures"]]
        }
    return found


def main():
    root = Path.cwd()
    published = os.environ.get("COUNTERWEIGHT_PUBLISHED", "published/demo")
    text = parsed(root)
    page = pages.filled((root / PAGE).read_text(encoding="utf-8"), table(json.loads(text)), PAGE)
    (root / PAGE).write_text(answered(page, root, text, published), encoding="utf-8")


if __name__ == "__main__":
    main()
