"""The program as a person meets it: help that teaches, errors in sentences, exit codes that scripts can rely on."""

import pytest
from click.testing import CliRunner

from conftest import ROOT
from counterweight import cli
from counterweight.project import PUBLISHED_VARIABLE, WAREHOUSE_VARIABLE


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """A function that runs the program on an empty warehouse; returns (exit code, what it printed)."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(tmp_path / "w.duckdb"))
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(tmp_path / "published"))

    def run(*arguments):
        outcome = CliRunner().invoke(cli.main, list(arguments))
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
        return outcome.exit_code, outcome.output

    return run


@pytest.mark.parametrize("command", sorted(cli.main.commands))
def test_every_command_teaches(invoke, command):
    code, text = invoke(command, "--help")
    assert code == 0
    assert len(text) > 200 or command == "summary"


def test_the_program_lists_its_commands_settings_and_exit_codes(invoke):
    code, text = invoke("--help")
    assert code == 0
    assert all(f"{name} " in text for name in cli.main.commands)
    assert all(word in text for word in ("COUNTERWEIGHT_SALT", "Exit codes", "published"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["load", "--system", "servicenow", "incident_event_log=nowhere.csv"], "nowhere.csv: no such file"),
        (["load", "--system", "servicenow"], "Missing argument"),
        (["build"], "nothing was loaded yet"),
        (["audit"], "nothing was loaded yet"),
        (["publish"], "nothing was loaded yet"),
        (["publish", "--account", "ACME"], "nothing was loaded yet"),
        (["publish", "--account", "ACME", "--all-accounts"], "Give one of them"),
        (["publish", "--all-accounts", "--restricted"], "no client gets"),
        (["publish", "--grant", "bi"], "--grant is about a database. Say --to postgres as well."),
        (["run", "--prefix", "bi_"], "--prefix is about a database. Say --to postgres as well."),
        (["publish", "--account", "ACME", "--to", "postgres"], "A client gets files: publish without it."),
        (["publish", "--to", "postgres", "--prefix", "Bi"], "--prefix 'Bi' cannot begin the name of a schema"),
        (["summary"], "Nothing is published"),
        (["run"], "nothing was loaded yet"),
        (["run", "incident_event_log=x.csv"], "names no source system. Write servicenow.incident_event_log=x.csv, or"),
        (["load", "incident_event_log=x.csv"], "names no source system. Write servicenow.incident_event_log=x.csv, or"),
        (["load", "servicenov.incident_event_log=x.csv"], "Did you mean 'servicenow'?"),
        (["load", "servicenow.incident_event_log=nowhere.csv"], "nowhere.csv: no such file"),
        (["load", "--observed-until", "servicenow.survey=2016-01-01", "x=y"], "Did you mean 'surveys'?"),
        (["run", "--system", "servicenow"], "needs files"),
        (["run", "--vars", "[as_of"], "--vars is not YAML"),
        (["build", "--vars", "soon"], "--vars must be a mapping"),
        (["build", "--vars", "{reporting_timezone: UTC}"], "Did you mean 'reporting_time_zone'?"),
        (["build", "--vars", "{fiscal_year_starts_in_month: October}"], "Write its number, 1 to 12."),
        (["build", "--vars", "{issue_key: categories}"], "Write one of subcategory, category, anything."),
        (["build", "--vars", "{priced_accounts: {canonical: ACC-1}}"], "is no list. Write [ACC-1, ACC-2]."),
        (["build", "--vars", "{user_hour_prices: {EUR: dear}}"], "is no price of an hour in EUR"),
        (["build", "--vars", "{source_time_zones: {servicenow: Mars/Base}}"], "'Mars/Base' is not a time zone"),
        (["build", "--as-of", "yesterday"], "'yesterday' is not a time"),
        (["build", "--as-of", "2016-01-01", "--vars", "{as_of: 2015-01-01}"], "differ. Give one of them"),
        (["build", "--vars", "{observed_until: {servicenow: {tickets_opend: 2016-01-01}}}"], "mean 'tickets_opened'?"),
        (["build", "--vars", "{source_time_zones: Europe/Vienna}"], "must be a mapping by source system"),
        (["build", "--vars", "{source_time_zones: {servicnow: UTC}}"], "Did you mean 'servicenow'?"),
        (["build", "--vars", "{source_time_zones: {canonical: UTC}}"], "the times of 'canonical' are UTC by contract"),
        (["build", "--vars", "{source_decimal_separators: {servicenow: ','}}"], "is not read for 'servicenow'"),
        (["build", "--vars", "{source_decimal_separators: {canonical: ';'}}"], "';' is neither '.' nor ','"),
        (["build", "--vars", "{source_timestamp_formats: {canonical: '%Y'}}"], "of canonical must be a list"),
        (["build", "--vars", "{ticket_link_templates: {zendesk: https://z.example}}"], "has no {ticket_id}"),
        (
            ["build", "--vars", "{source_timestamp_formats: {canonical: {tickets.creatd_at: [iso]}}}"],
            "tickets.created_at",
        ),
        (["build", "--vars", "{source_systems: {canonicle: [tickets]}}"], "Did you mean 'canonical'?"),
        (["load", "--system", "servicenow", "--observed-until", "mails=2016-01-01", "x=y"], "there is no feed 'mails'"),
        (["load", "--system", "servicenow", "--observed-until", "surveys=soon", "x=y"], "'soon' is not a time"),
        (["run", "--observed-until", "surveys=2016-01-01"], "name the files as well"),
        (["simulate", "--out", "/proc/nope"], "/proc/nope cannot be used"),
        (["simulate", "--out", "x", "--tickets", "0", "--calls", "0"], "one of them more than 0"),
        (["simulate", "--out", "x", "--months", "31"], "--months must be between 1 and 30"),
        (["simulate", "--out", "x", "--batches", "0"], "--batches must be between 1 and 168"),
        (["simulate", "--out", "x", "--calls", "30000001"], "more than 30,000,000"),
        (["simulate", "--out", ""], "--out wants a folder of its own"),
        (["simulate", "--out", "x", "--world", "mixed", "--intensity", "nan"], "a share between 0 and 1"),
        (["simulate", "--out", "x", "--world", "honst"], "Did you mean 'honest'?"),
        (["simulate", "--out", "x", "--world", "none.yml"], "none.yml: there is no such file"),
        (["simulate", "--out", "x", "--intensity", "0.5"], "has no behaviour that --intensity could change"),
        (["simulate", "--out", "x", "--world", "late_feed"], "Say --batches 4"),
        (["simulate", "--out", "x", "--world", "dirty", "--batches", "2"], "cannot be split"),
        (["--project-dir", "/", "build"], "No dbt_project.yml"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(invoke, arguments, expected):
    code, text = invoke(*arguments)
    assert code == 2
    assert expected in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("pord", "no output 'pord'. Did you mean 'prod'?"),
        ("postgres", "on postgres run dbt itself: README, On PostgreSQL"),
        ("reader", "is 'reader', in which nothing can be built"),
    ],
)
def test_a_target_that_the_commands_cannot_work_on_is_said(invoke, monkeypatch, target, expected):
    monkeypatch.setenv("COUNTERWEIGHT_TARGET", target)
    for arguments in (["build"], ["load", "servicenow.incident_event_log=x.csv"]):
        code, text = invoke(*arguments)
        assert code == 2
        assert expected in text
