"""What `load` does with what people really have. Each error says what, where and what to do, and loads nothing."""

import contextlib
import gzip

import duckdb
import pytest

from counterweight.errors import BusyError, InputError
from counterweight.load import declared_systems, load
from counterweight.variables import parse_ends

HEADER = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,contact_type,category"
ROW = "INC1,New,0,Ann Example,1/3/2016 10:00,1/3/2016 10:00,Phone,Mail"


@pytest.fixture
def project(new_project):
    return new_project("load")


def write(tmp_path, content, name="export.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(project, columns="*"):
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return connection.execute(
            f"select {columns} from raw.servicenow__incident_event_log order by _loaded_at, _row_number"
        ).fetchall()


def is_empty(project):
    if not project.warehouse.exists():
        return True
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        tables = connection.execute(
            "select count(*) from information_schema.tables where table_name = 'servicenow__incident_event_log'"
        ).fetchone()[0]
        return tables == 0


def fails(project, *pairs, system="servicenow"):
    """The message of a load that must fail and leave nothing behind."""
    with pytest.raises(InputError) as caught:
        load(project, system, pairs)
    assert is_empty(project)
    return str(caught.value.message)


def test_rows_land_as_they_are(project, tmp_path):
    path = write(tmp_path, f'{HEADER},extra\n{ROW},"a, ""b"""\nINC2,?,,,,"31/2/2016",,,\n')
    load(project, "servicenow", [f"incident_event_log={path}"])
    found = table(project, "number, incident_state, caller_id, sys_updated_at, extra, _source_file, _row_number")
    assert found == [
        ("INC1", "New", "Ann Example", "1/3/2016 10:00", 'a, "b"', "export.csv", 1),
        ("INC2", "?", None, "31/2/2016", None, "export.csv", 2),
    ]
    assert table(project, "source_system, _loaded_at is not null, reopen_count")[0] == ("servicenow", True, None)


def test_the_same_content_loads_once_whatever_its_name_and_packing(project, tmp_path, capsys):
    content = f"{HEADER}\n{ROW}\n"
    plain = write(tmp_path, content)
    packed = write(tmp_path, gzip.compress(content.encode()), "other.csv.gz")
    load(project, "servicenow", [f"incident_event_log={plain}"])
    load(project, "servicenow", [f"incident_event_log={plain}"])
    load(project, "servicenow", [f"incident_event_log={packed}"])
    assert len(table(project)) == 1
    assert capsys.readouterr().out.count("already loaded as export.csv, skipped") == 2


def test_a_gzip_is_known_by_its_content_not_its_name(project, tmp_path):
    path = write(tmp_path, gzip.compress(f"{HEADER}\n{ROW}\n".encode()), "export.csv")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert len(table(project)) == 1


def test_row_numbers_follow_the_file(project, tmp_path):
    lines = [ROW.replace("INC1", f"INC{n}") for n in range(1, 50001)]
    path = write(tmp_path, HEADER + "\n" + "\n".join(lines) + "\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _row_number") == [(f"INC{n}", n) for n in range(1, 50001)]


def test_a_file_name_with_brackets_is_a_name_and_no_pattern(project, tmp_path):
    """Browsers name a second download export[1].csv; as a pattern that would be export1.csv."""
    write(tmp_path, f"{HEADER}\n{ROW.replace('INC1', 'INC9')}\n", "export1.csv")
    path = write(tmp_path, f"{HEADER}\n{ROW}\n", "export[1].csv")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _source_file") == [("INC1", "export[1].csv")]


def test_a_byte_order_mark_and_capital_headers_do_not_matter(project, tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + f"{HEADER.upper()}\n{ROW}\n".encode())
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, caller_id") == [("INC1", "Ann Example")]


def test_a_column_that_a_later_file_adds_is_kept(project, tmp_path, capsys):
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, f'{HEADER}{chr(10)}{ROW}{chr(10)}')}"])
    later = write(tmp_path, f"{HEADER},u_new\n{ROW},x\n", "later.csv")
    load(project, "servicenow", [f"incident_event_log={later}"])
    assert table(project, "u_new") == [(None,), ("x",)]
    assert "kept in raw and read by nothing: u_new" in capsys.readouterr().out


def test_a_renamed_optional_column_is_pointed_at(project, tmp_path, capsys):
    path = write(tmp_path, f"{HEADER},Assignment Group\n{ROW},Desk\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert "assignment_group: Did you mean 'assignment group'? Rename the column" in capsys.readouterr().out


def test_a_missing_column_names_the_file_the_column_and_near_matches(project, tmp_path):
    path = write(tmp_path, f"{HEADER.replace('caller_id', 'caller')}\n{ROW}\n")
    message = fails(project, f"incident_event_log={path}")
    assert str(path) in message
    assert "'caller_id' is missing. Did you mean 'caller'?" in message
    assert "Nothing was loaded." in message


def test_a_file_separated_by_something_else_says_so(project, tmp_path):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n".replace(",", "~"))
    message = fails(project, f"incident_event_log={path}")
    assert "not separated by commas, semicolons, tabs or bars" in message
    assert "is missing" not in message


@pytest.mark.parametrize(("delimiter", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")])
@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("cp1252", "Windows-1252 (Latin-1)"),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_what_people_export(project, tmp_path, capsys, delimiter, word, encoding, label, is_packed):
    text = f"{HEADER}\n{ROW.replace('Ann', 'Änne')}\n".replace(",", delimiter)
    content = text.encode(encoding)
    path = write(tmp_path, gzip.compress(content) if is_packed else content)
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, caller_id, category") == [("INC1", "Änne Example", "Mail")]
    assert f"bytes, {label}, separated by {word}" in capsys.readouterr().out
    assert [left.name for left in project.warehouse.parent.iterdir() if left.name.startswith("tmp")] == []


def test_bytes_that_windows_has_no_letter_for_are_latin_1(project, tmp_path, capsys):
    path = write(tmp_path, f"{HEADER}\n{ROW}".encode() + b"\x81\xe4\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "category") == [("Mail\x81ä",)]
    assert "bytes, Latin-1," in capsys.readouterr().out


def test_a_pattern_loads_all_its_files_in_the_order_of_their_names(project, tmp_path):
    for number in (3, 1, 2):
        write(tmp_path, f"{HEADER}\n{ROW.replace('INC1', f'INC{number}')}\n", f"part{number}.csv")
    load(project, "servicenow", [f"incident_event_log={tmp_path}/part[1-2].csv"])
    assert table(project, "number") == [("INC1",), ("INC2",)]
    load(project, "servicenow", [f"incident_event_log={tmp_path}/part*.csv"])
    assert table(project, "number") == [("INC1",), ("INC2",), ("INC3",)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(f"{HEADER}\n", "a header and no rows", id="header only"),
        pytest.param(f"{HEADER}\n{ROW},SECRET\n", "no line can be read as a row; line 2: more fields", id="long rows"),
        pytest.param(f'{HEADER}\n{ROW}\n"SECRET,{ROW}\n{ROW}\n', "line 3 cannot be read: a quot", id="open quote"),
        pytest.param(f'{HEADER}\n{ROW}\n{ROW},x,"SECRET\n{ROW}\n', "line 3 cannot be read: a quot", id="open and long"),
        pytest.param(f"{HEADER}\n{ROW}\nSECRET".encode("utf-16")[:-1], "not UTF-16 to its end", id="half a letter"),
        pytest.param(gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 99)[:-20], "truncated or damaged", id="truncated"),
        pytest.param(f"{HEADER},number\n{ROW},INC2\n", "column 'number' stands twice", id="column twice"),
        pytest.param(f"{HEADER},_loaded_at\n{ROW},x\n", "'_loaded_at' is reserved", id="reserved column"),
        pytest.param(f"{HEADER},\n{ROW},x\n", "column 9 of the header has no name", id="column without a name"),
        pytest.param("\n\n", "holds no column names", id="blank lines"),
    ],
)  # fmt: skip
def test_unusable_files_say_what_is_wrong_and_never_a_value(project, tmp_path, content, expected):
    message = fails(project, f"incident_event_log={write(tmp_path, content)}")
    assert expected in message
    assert "export.csv" in message
    assert "Nothing was loaded." in message
    assert "SECRET" not in message


def rejects(project):
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return connection.execute(
            "select source_file, line_number, reason from raw._rejects order by line_number"
        ).fetchall()


def test_lines_that_are_no_rows_are_kept_apart_by_number_and_reason(project, tmp_path, capsys):
    lines = [HEADER, ROW, "INC2,SECRET", ROW.replace("INC1", '"INC3"'), f"{ROW},SECRET", f'{ROW[:-4]}"SECRET"x', ROW]
    path = write(tmp_path, "\n".join(lines) + "\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _row_number") == [("INC1", 1), ("INC3", 2), ("INC1", 3)]
    assert rejects(project) == [
        ("export.csv", 3, "too_few_fields"),
        ("export.csv", 5, "too_many_fields"),
        ("export.csv", 6, "open_quotation_mark"),
    ]
    printed = capsys.readouterr().out
    assert "3 rows into" in printed
    assert "lines rejected: 3 (line 3: fewer fields than the header; line 5: more" in printed
    assert "truncated" not in printed
    assert b"SECRET" not in project.warehouse.read_bytes()


def test_a_line_that_is_wrong_in_two_ways_is_rejected_once(project, tmp_path):
    """Too many fields, and a quotation mark in the wrong place: each line has one fate."""
    wrong = f'{ROW},x,y,"SECRET"z,"q"'
    path = write(tmp_path, f"{HEADER}\n{ROW}\n{wrong}\n{ROW}\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert [line for _, line, _ in rejects(project)] == [3]
    assert len(table(project)) == 2


def test_lines_may_end_in_two_ways(project, tmp_path):
    """Two exports pasted together, or line feeds inside quoted text of a Windows file."""
    quoted = ROW.replace("INC1", "INC2").replace("Mail", '"Mail\nand more"')
    path = write(tmp_path, f"{HEADER}\r\n{ROW}\r\n{quoted}\r\nINC3,cut\n{ROW}\n".encode())
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, category") == [("INC1", "Mail"), ("INC2", "Mail\nand more"), ("INC1", "Mail")]
    assert rejects(project) == [("export.csv", 5, "too_few_fields")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_rejects_name_the_line_that_an_editor_shows(project, tmp_path, encoding, is_packed):
    lines = [HEADER, *[ROW.replace("Mail", '"Mail\n\nä"')] * 3, "cut", *[ROW] * 20000, "cut", ROW]
    content = ("\n".join(lines) + "\n").encode(encoding)
    path = write(tmp_path, gzip.compress(content) if is_packed else content)
    load(project, "servicenow", [f"incident_event_log={path}"])
    text = content.decode(encoding).split("\n")
    assert [line for _, line, _ in rejects(project)] == [n for n, line in enumerate(text, 1) if line == "cut"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_last_line_that_is_cut_short_is_pointed_at(project, tmp_path, capsys, encoding):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n{ROW[:20]}".encode(encoding))
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert rejects(project) == [("export.csv", 3, "too_few_fields")]
    assert "the last line is cut short: the file may be truncated" in capsys.readouterr().out


def test_the_end_of_a_feed_can_be_declared(project, tmp_path, capsys):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n")
    ends = parse_ends(["tickets_opened=2016-06-01", "ticket_events=2016-06-01T02:00:00+02:00"])
    load(project, "servicenow", [f"incident_event_log={path}"], ends)
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        declared = connection.execute(
            "select feed, cast(observed_until as varchar) from raw._observed_until"
        ).fetchall()
    assert declared == [("tickets_opened", "2016-06-01 00:00:00"), ("ticket_events", "2016-06-01 00:00:00")]
    assert "servicenow tickets_opened: observed until 2016-06-01 00:00:00 UTC" in capsys.readouterr().out


def test_one_bad_file_keeps_the_good_one_out(project, tmp_path):
    good = write(tmp_path, f"{HEADER}\n{ROW}\n", "good.csv")
    bad = write(tmp_path, f"{HEADER}\nINC2\n", "bad.csv")
    assert "bad.csv" in fails(project, f"incident_event_log={good}", f"incident_event_log={bad}")


def test_what_is_not_there_is_said(project, tmp_path):
    write(tmp_path, f"{HEADER}\n{ROW}\n", "exports.csv")
    message = fails(project, f"incident_event_log={tmp_path / 'export.csv'}")
    assert "no such file. Did you mean 'exports.csv'?" in message
    assert "is a folder" in fails(project, f"incident_event_log={tmp_path}")


def test_unknown_names_say_what_is_known(project, tmp_path):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n")
    message = fails(project, f"incident_event_log={path}", system="servicenov")
    assert "Did you mean 'servicenow'? Known: servicenow." in message
    message = fails(project, f"incident_log={path}")
    assert "Did you mean 'incident_event_log'?" in message
    assert "not of the form table=FILE" in fails(project, str(path))


def test_another_salt_is_refused(project, tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERWEIGHT_SALT", "first")
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, f'{HEADER}{chr(10)}{ROW}{chr(10)}')}"])
    monkeypatch.setenv("COUNTERWEIGHT_SALT", "second")
    other = write(tmp_path, f"{HEADER}\n{ROW.replace('INC1', 'INC2')}\n", "other.csv")
    with pytest.raises(InputError, match="differs from the salt") as caught:
        load(project, "servicenow", [f"incident_event_log={other}"])
    assert "first" not in caught.value.message
    assert "second" not in caught.value.message
    assert len(table(project)) == 1


def test_a_second_run_says_who_holds_the_warehouse(project, tmp_path):
    import os

    path = write(tmp_path, f"{HEADER}\n{ROW}\n")
    with project.lock(), pytest.raises(BusyError, match=str(os.getpid())):
        load(project, "servicenow", [f"incident_event_log={path}"])


def test_needs_are_declared_in_the_sources_file_only():
    tables = declared_systems_of_this_project()
    assert set(tables) == {"servicenow"}
    log = tables["servicenow"]["incident_event_log"]
    assert set(log.required) == set(HEADER.split(","))
    assert "reopen_count" in log.columns
    assert "_loaded_at" not in log.columns


def declared_systems_of_this_project():
    from counterweight.project import Project

    return declared_systems(Project.find())
