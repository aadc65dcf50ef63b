"""One provider, many clients: a client's file has what is theirs, all of it, and nothing else."""

import contextlib
import json
import re
import shutil

import duckdb
import pytest

from conftest import ROOT
from counterweight import publish as module
from counterweight.errors import InputError
from counterweight.project import Project
from counterweight.publish import FILE_NAME, KEY_OF_STAFF, publish_accounts

# Keys that name one thing of one account.
OWN_KEYS = {
    "fct_interactions": ("interaction_id", "contact_key", "ticket_key", "customer_key"),
    "fct_claims": ("claim_id", "ticket_key", "ticket_id", "contact_key", "customer_key"),
}
STRANGE = ["../../outside", "..", "Smith & Sons", "Müller", "a/b", "", "x" * 300, "acme", "ACME", "-rf", "con\nfig"]


@pytest.fixture
def provider(dealership, tmp_path):
    """A copy of the audited build of a provider, where build and published files may be broken."""
    project, _ = dealership
    shutil.copy(project.warehouse, tmp_path / "counterweight.duckdb")
    return Project(root=ROOT, warehouse=tmp_path / "counterweight.duckdb", published=tmp_path / "published")


def query(file, text, parameters=None):
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        return connection.execute(text, parameters).fetchall()


def change(project, text, parameters=None):
    with contextlib.closing(project.connect()) as connection:
        connection.execute(text, parameters)


def largest(project, count=2):
    """The accounts with most that came back."""
    return [
        account
        for (account,) in query(
            project.warehouse,
            "select account_id from marts.returned_claims where account_id <> '(none)' "
            "group by 1 order by count(*) desc, 1 limit ?",
            [count],
        )
    ]


def file_of(project, account):
    return project.published / "accounts" / account / "current" / FILE_NAME


def values(file):
    """Every value of every table of a file, as text."""
    found = set()
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            for row in connection.execute(f'select * from "{schema}"."{table}"').fetchall():
                found.update(str(value) for value in row if value is not None)
    return found


def keys_of(project, account):
    """The keys of all that is the account's, and its name."""
    found = {account}
    for table, columns in OWN_KEYS.items():
        for row in query(
            project.warehouse, f"select {', '.join(columns)} from facts.{table} where account_id = ?", [account]
        ):
            found.update(value for value in row if value)
    return found


def test_a_client_gets_all_of_theirs_and_nothing_of_another(provider):
    a, b = largest(provider)
    publish_accounts(provider, [a, b])
    for own, other in ((a, b), (b, a)):
        file = file_of(provider, own)
        tables = {name for (name,) in query(file, "select schema_name || '.' || table_name from duckdb_tables()")}
        assert {
            "marts.resolution_quality",
            "marts.balanced_scorecard",
            "marts.returned_claims",
            "facts.fct_claims",
        } <= tables
        assert {table.split(".")[0] for table in tables} == {"dimensions", "facts", "marts", "reference"}
        for table in tables - {"reference.kpi_pairs"}:
            columns = [name for name, *_ in query(file, f"describe {table}")]
            condition = (
                "account_id = $account" if "account_id" in columns else "unit_type = 'account' and unit = $account"
            )
            everybody, theirs = (
                query(where, f"select count(*), count(*) filter (where {condition}) from {table}", {"account": own})[0]
                for where in (provider.warehouse, file)
            )
            assert theirs == (everybody[1], everybody[1]), table
            assert everybody[1] < everybody[0], table
            assert not [name for name in columns if KEY_OF_STAFF.search(name)]
        assert query(file, "select count(*) from marts.returned_claims")[0][0] > 10
        assert query(file, "select count(*) from marts.balanced_scorecard where reading <> 'not_measurable'")[0][0] > 10
        mine, theirs = keys_of(provider, own), keys_of(provider, other)
        shown = values(file)
        assert len(mine & shown) > 50
        assert not (theirs - mine) & shown
        # nor in what the file may hold besides rows
        assert other.encode() not in file.read_bytes()
    listed = {path.name for path in (provider.published / "accounts").iterdir()}
    assert listed == {a, b}
    assert not provider.current.exists()


def test_what_came_back_as_anothers_ticket_is_told_without_the_ticket(provider):
    """Linked tickets of other customers count, and may be of another client."""
    a, b = largest(provider)
    (theirs,) = query(
        provider.warehouse,
        "select max(ticket_key) from facts.fct_interactions where kind = 'opening' and account_id = ?",
        [b],
    )[0]
    ((claim, own),) = query(
        provider.warehouse,
        """
        select max(c.claim_id), max(i.ticket_key) from facts.fct_claims as c
        cross join (select ticket_key from facts.fct_interactions where kind = 'opening' and account_id = $a) as i
        where c.account_id = $a
        """,
        {"a": a},
    )
    change(
        provider,
        "update facts.fct_claims set r2_ticket_key = ?, r3_ticket_key = ? where claim_id = ?",
        [theirs, own, claim],
    )
    change(
        provider,
        "update facts.fct_interactions set next_interaction_id = ?, chain_id = 'x' where account_id = ?",
        [f"opening/{theirs}", a],
    )
    publish_accounts(provider, [a])
    shown = query(
        file_of(provider, a), "select r2_ticket_key, r3_ticket_key from facts.fct_claims where claim_id = ?", [claim]
    )
    assert shown == [(None, own)]
    assert query(
        file_of(provider, a), "select count(next_interaction_id), count(chain_id) from facts.fct_interactions"
    ) == [(0, 0)]
    assert theirs not in values(file_of(provider, a))


def test_whatever_an_account_is_called_its_file_lies_in_its_folder(provider):
    for name in STRANGE:
        change(
            provider, "insert into dimensions.dim_accounts (source_system, account_id) values ('canonical', ?)", [name]
        )
    folders = publish_accounts(provider, [], everybody=True)
    accounts = query(provider.warehouse, "select count(distinct account_id) from dimensions.dim_accounts")[0][0]
    assert len(folders) == accounts > len(STRANGE)
    place = provider.published / "accounts"
    assert len({folder.parent.name.casefold() for folder in folders}) == len(folders)
    assert all(folder.parent.parent == place for folder in folders)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", folder.parent.name) for folder in folders)
    assert sorted(path.name for path in place.iterdir()) == sorted(folder.parent.name for folder in folders)
    assert {path.name for path in provider.published.iterdir()} == {"accounts", ".lock"}
    names = {
        query(folder / FILE_NAME, "select max(account_id) from dimensions.dim_accounts")[0][0] for folder in folders
    }
    assert set(STRANGE) <= names


def test_an_account_of_two_systems_must_be_said(provider):
    a, _ = largest(provider)
    change(provider, "insert into dimensions.dim_accounts (source_system, account_id) values ('zendesk', ?)", [a])
    with pytest.raises(
        InputError, match=rf"'{a}' is an account of canonical and of zendesk\. Say which: canonical:{a} or"
    ):
        publish_accounts(provider, [a])
    (folder,) = publish_accounts(provider, [f"zendesk:{a}"])
    assert query(folder / FILE_NAME, "select count(*) from dimensions.dim_accounts") == [(1,)]
    assert query(folder / FILE_NAME, "select count(*) from facts.fct_claims") == [(0,)]


def test_all_of_them_or_none(provider, monkeypatch):
    a, b = largest(provider)
    publish_accounts(provider, [a])
    before = file_of(provider, a).resolve()
    for wrong in (f"{b}X", "(none)", "(all)"):
        with pytest.raises(InputError, match=rf"There is no account '{re.escape(wrong)}'\.") as caught:
            publish_accounts(provider, [a, wrong])
    with pytest.raises(InputError, match=f"Did you mean .*'{b}'"):
        publish_accounts(provider, [a, f"{b}X"])
    assert "Nothing was published" in str(caught.value)
    # the second draft fails
    write, done = module._write_manifest, []

    def fails(*arguments):
        if done:
            raise OSError(28, "No space left on device", "x")
        done.append(write(*arguments))

    monkeypatch.setattr(module, "_write_manifest", fails)
    with pytest.raises(OSError, match="No space"):
        publish_accounts(provider, [a, b])
    assert file_of(provider, a).resolve() == before
    assert not file_of(provider, b).exists()
    monkeypatch.undo()
    publish_accounts(provider, [a, b])
    assert file_of(provider, a).resolve() != before
    assert json.loads(file_of(provider, b).with_name("manifest.json").read_text())["tables"]
    assert not list((provider.published / "accounts").glob(".draft*"))


def test_what_accounts_get_is_declared_with_columns_that_are_there(provider):
    """A filter of a column that is gone would fail at the client's door, a reference of no kind as well."""
    rules = query(
        provider.warehouse,
        "select schema_name, relation_name, for_accounts from audit.relations where for_accounts is not null",
    )
    assert len(rules) >= 8
    for schema, table, text in rules:
        rule = json.loads(text)
        columns = {name for name, *_ in query(provider.warehouse, f"describe {schema}.{table}")}
        assert {"source_system", rule["filter"], *rule["references"]} <= columns, table
        assert set(rule["references"].values()) <= set(module.REFERENCES), table
        # every key of another row is declared
        foreign = {c for c in columns if re.match(r"(falsified_by|r\d|next|previous|linked|parent)_.*_(key|id)$", c)}
        assert foreign <= set(rule["references"]), table
