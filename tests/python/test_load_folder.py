"""`load SYSTEM=FOLDER`: each file of a folder is of the table that its name says."""

import dataclasses
import shutil

import duckdb
import pytest

from conftest import rows
from counterweight.errors import InputError
from counterweight.load import load


@pytest.fixture
def project(new_project, tmp_path):
    """A project with the system desk, which has three tables, and a system with the name of one of them."""
    project = new_project("folder")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(project.root / name, tmp_path)
    for system, tables in {"desk": ("calls", "phones", "surveys"), "phones": ("calls",)}.items():
        declared = ", ".join(
            f"{{name: {table}, identifier: {system}__{table}, columns: "
            "[{name: id, config: {meta: {required: true}}}, {name: note}]}"
            for table in tables
        )
        path = tmp_path / "models" / "staging" / system / f"_{system}__sources.yml"
        path.parent.mkdir(parents=True)
        path.write_text(f"sources: [{{name: {system}, schema: raw, tables: [{declared}]}}]")
    return dataclasses.replace(project, root=tmp_path)


@pytest.fixture
def folder_of(tmp_path):
    """A function that makes a folder of files, name -> content."""

    def make(files, name="exports"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_text(content)
        return folder

    return make


def landed(project):
    """(table, id, file) of all rows, as they lie."""
    tables = rows(project, "select distinct source_system || '__' || raw_table as name from raw._loads order by name")
    return [row for (name,) in tables for row in rows(project, f"select '{name}', id, _source_file from raw.{name}")]


def refused(project, pair):
    """The message of a load that must fail and leave nothing behind."""
    with pytest.raises(InputError) as caught:
        load(project, None, [pair])
    assert not project.warehouse.exists()
    return caught.value.message


def test_each_file_is_of_the_table_of_its_name(project, folder_of):
    lines = '{"id": 2}\n'
    folder = folder_of({"calls.csv": "id\n1\n", "calls.2025-02.jsonl": lines, "SURVEYS.TXT": "id\n3\n", ".hidden": ""})
    duckdb.sql("select 4 as id").write_parquet(str(folder / "calls.parquet"))
    duckdb.sql("select 5 as id limit 0").write_parquet(str(folder / "phones"))
    load(project, None, [f"desk={folder}"])
    assert landed(project) == [
        ("desk__calls", "2", "calls.2025-02.jsonl"),
        ("desk__calls", "1", "calls.csv"),
        ("desk__calls", "4", "calls.parquet"),
        ("desk__surveys", "3", "SURVEYS.TXT"),
    ]
    assert rows(project, "select id, note from raw.desk__phones") == []


def test_a_pattern_names_many_folders_or_files_and_all_forms_go_together(project, folder_of):
    for number in (2, 1):
        folder_of({"calls.csv": f"id\n{number}\n", "surveys.csv": "id\nsame\n"}, f"raw/batch_0{number}")
    folder = folder_of({"calls.csv": "id\n3\n", "notes.csv": ""})
    batches = f"{folder.parent}/raw/batch_*"
    load(project, None, [f"desk={batches}", f"desk={folder}/c*", f"phones.calls={folder}/calls.csv"])
    assert landed(project) == [
        ("desk__calls", "1", "calls.csv"),
        ("desk__calls", "2", "calls.csv"),
        ("desk__calls", "3", "calls.csv"),
        ("desk__surveys", "same", "surveys.csv"),
        ("phones__calls", "3", "calls.csv"),
    ]


def test_what_is_no_table_is_named_and_stops_the_load(project, folder_of):
    folder = folder_of({"calls.csv": "id\n1\n", "call.csv": "id\n2\n", "readme.md": ""})
    (folder / "batch_01").mkdir()
    assert refused(project, f"desk={folder}") == (
        f"{folder}: what is loaded as 'desk' has the name of a table, like calls.csv:\n"
        "  'batch_01' is none.\n"
        "  'call.csv' is none. Did you mean 'calls'?\n"
        "  'readme.md' is none.\n"
        "Rename it or take it out, or name what you mean: desk.TABLE=FILE, desk=FOLDER, or a pattern of either. "
        "Known: calls, phones, surveys. Nothing was loaded."
    )
    for number in range(4):
        (folder / f"x{number}").touch()
    assert "  'x1' is none.\n  and 2 more\nRename" in refused(project, f"desk={folder}")
    assert "  'readme.md' is none." in refused(project, f"desk={folder}/*.md")


def test_one_bad_file_keeps_the_folder_out(project, folder_of):
    folder = folder_of({"calls.csv": "id\n1\n", "surveys.csv": "idx,note\n1,\n"})
    assert "surveys.csv: surveys needs 1 column more" in refused(project, f"desk={folder}")


def test_a_folder_that_is_empty_not_there_or_of_no_system(project, folder_of):
    folder = folder_of({".hidden": "id\n1\n"})
    assert "exports: the folder is empty. Name one with" in refused(project, f"desk={folder}")
    assert "export: no such file. Did you mean 'exports'?" in refused(project, f"desk={folder.parent}/export")
    assert "exports is a folder; name a file in it" in refused(project, f"desk.calls={folder}")
    assert "names no source system. Did you mean 'desk'?" in refused(project, f"desks={folder}")
    assert "or SYSTEM=FOLDER, for example desk=exports" in refused(project, str(folder))


def test_the_name_of_a_system_and_of_a_table_of_the_given_system_is_the_table(project, folder_of):
    folder = folder_of({"calls.csv": "id\n1\n"})
    load(project, "phones", [f"phones={folder}", f"desk={folder}"])
    assert landed(project) == [("desk__calls", "1", "calls.csv"), ("phones__calls", "1", "calls.csv")]
    load(project, "desk", [f"phones={folder}/calls.csv"])
    assert landed(project)[1] == ("desk__phones", "1", "calls.csv")
