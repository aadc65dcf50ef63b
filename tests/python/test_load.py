"""What `load` does with what people really have. Each error says what, where and what to do, and loads nothing."""

import contextlib
import dataclasses
import gzip
import json
import shutil

import duckdb
import pytest

from counterweight.errors import InputError
from counterweight.load import declared_systems, load
from counterweight.load.changes import common_kind, differences
from counterweight.project import Project
from counterweight.variables import parse_ends

HEADER = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,contact_type,category"
ROW = "INC1,New,0,Ann Example,1/3/2016 10:00,1/3/2016 10:00,Phone,Mail"
# The same as a row of JSON.
OBJECT = dict(zip(HEADER.split(","), ROW.split(","), strict=True))


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
    assert (
        "assignment_group: Did you mean 'assignment group'? The rows are in without it. Rename the column"
        in capsys.readouterr().out
    )


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
        pytest.param(f"{HEADER}\n{ROW},SECRET\n", "no line can be read as a row; line 2: more fields", id="long rows"),
        pytest.param(f'{HEADER}\n{ROW}\n"SECRET,{ROW}\n{ROW}\n', "line 3 cannot be read: a quot", id="open quote"),
        pytest.param(f'{HEADER}\n{ROW}\n{ROW},x,"SECRET\n{ROW}\n', "line 3 cannot be read: a quot", id="open and long"),
        pytest.param(f"{HEADER}\n{ROW}\nSECRET".encode("utf-16")[:-1], "not UTF-16 to its end", id="half a letter"),
        pytest.param(gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 99)[:-20], "truncated or damaged", id="truncated"),
        pytest.param(f"{HEADER},number\n{ROW},INC2\n", "column 'number' stands twice", id="column twice"),
        pytest.param(f"{HEADER},_loaded_at\n{ROW},x\n", "'_loaded_at' is reserved", id="reserved column"),
        pytest.param(f"{HEADER},\n{ROW},x\n", "column 9 of the header has no name", id="column without a name"),
        pytest.param(f"{HEADER},{'x' * 200_000}\n{ROW},x\n", "line cannot be read as column names", id="long name"),
        pytest.param(",".join(f"c{n}" for n in range(100_000)), "has 100,000 columns, and at most 2,000", id="columns"),
        pytest.param(f"{HEADER},a\0b\n{ROW},x\n", "has a control character in it", id="zero byte"),
        pytest.param('{"number": "SECRET", "a\\u0000": 1}', "has a control character in it", id="zero byte in a key"),
        pytest.param("\n\n", "holds no column names, only blanks", id="blank lines"),
        pytest.param(";;;;\n", "the first line holds no column names", id="nameless header"),
        pytest.param('{"number": "SECRET"\n{"', "line 1: no JSON object. Write one object a line, or", id="no JSON"),
        pytest.param('{\n"number": "SECRET"\n}\n', "line 1: no JSON object. Write one object a line", id="spread"),
        pytest.param("{}\n{}\n", "the JSON holds no rows with a column", id="objects without keys"),
        pytest.param("[]", "the JSON holds no rows with a column", id="empty array"),
        pytest.param(json.dumps([OBJECT, "SECRET"]), "element 2 of the JSON array is no object", id="no object"),
        pytest.param('[{"number": "SECRET"},', "the JSON array is not closed: the file is trunc", id="after a comma"),
        pytest.param('[{"number": "SECRET", "l"', "the JSON array is not closed", id="in an object"),
        pytest.param('[{"number": "SECRET", "l": [1]', "not be read to its end as a JSON array", id="after a list"),
        pytest.param('[{"number": "SECRET"}{]', "not be read to its end as a JSON array", id="damaged array"),
        pytest.param(gzip.compress(b'{"number": "SECRET"}\n' * 99)[:-20], "truncated or damaged", id="truncated JSON"),
        pytest.param((json.dumps(OBJECT) + "\nSECRET").encode("utf-16")[:-1], "not UTF-16 to its end", id="half JSON"),
        pytest.param('{"Number": "SECRET", "number": 1}', "column 'number' stands twice, capitals", id="key twice"),
        pytest.param('{"": "SECRET"}', "column 1 of the header has no name", id="nameless key"),
        pytest.param('{"_loaded_at": "SECRET"}', "'_loaded_at' is reserved", id="reserved key"),
        pytest.param(b"PAR1", "as Parquet: the file is truncated or damaged. Copy", id="Parquet magic only"),
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


def test_a_line_with_several_wrong_quotation_marks_is_rejected_once(project, tmp_path):
    wrong = ROW.replace("Mail", 'x{"a": "b", "c": "d"}')
    path = write(tmp_path, f"{HEADER}\n{ROW}\n{wrong}\n{ROW}\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert rejects(project) == [("export.csv", 3, "open_quotation_mark")]
    assert len(table(project)) == 2


@pytest.mark.parametrize("content", [f"{HEADER}\r{ROW}\r{ROW}\r", f"{HEADER}\n{ROW}\r{ROW}\n"])
def test_a_carriage_return_alone_ends_a_line_as_well(project, tmp_path, content):
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, content)}"])
    assert [number for (number,) in table(project, "number")] == ["INC1", "INC1"]


@pytest.mark.long
def test_a_field_of_ten_million_characters_lands(project, tmp_path):
    """In the alphabet that takes most bytes, in every format; a line beyond that is rejected, or named."""
    long = "\U0001f642" * 10**7
    objects = [OBJECT | {"category": long}]
    for number, content in enumerate(
        (f"{HEADER}\n{ROW.replace('Mail', long)}\n", json.dumps(objects[0], ensure_ascii=False))
    ):
        load(project, "servicenow", [f"incident_event_log={write(tmp_path, content, f'{number}.csv')}"])
    assert table(project, "length(category)") == [(10**7,)] * 2
    twice = write(tmp_path, f"{HEADER}\n{ROW.replace('Mail', long * 2)}\n", "twice.csv")
    with pytest.raises(InputError, match="a line is longer than 67,108,864 bytes"):
        load(project, "servicenow", [f"incident_event_log={twice}"])


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


def lines_of_rows(project):
    """Line of each row, as the book of load says it; None where it says nothing."""
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return [
            line
            for (line,) in connection.execute(
                """
                select landed._row_number + max(lines.lines_before)
                from raw.servicenow__incident_event_log as landed
                left join raw._lines as lines
                    on lines.loaded_at = landed._loaded_at and lines.row_number <= landed._row_number
                group by landed._row_number order by landed._row_number
                """
            ).fetchall()
        ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_row_stands_on_the_line_that_an_editor_shows(project, tmp_path, encoding, newline, is_packed):
    """Lines that are no rows, empty ones, and line breaks within quotation marks stand between."""
    long = ROW.replace("Mail", f'"Mail{newline}{newline}""ä"""')
    parts = [
        f'{HEADER},"a{newline}note"',
        *[f"{it}," for it in (ROW, long, ROW)],
        "cut",
        "",
        f"{ROW},",
        f"{ROW},,one,two",
    ]
    parts += [f"{long},", f"{ROW},", "", ""]
    starts, line = [], 1
    for part in parts:
        starts.append(line)
        line += part.count(newline) + 1
    content = newline.join(parts).encode(encoding)
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, pack(content, is_packed))}"])
    assert [number for _, number, _ in rejects(project)] == [starts[4], starts[7]]
    assert lines_of_rows(project) == [starts[number] for number in (1, 2, 3, 6, 8, 9)]
    assert starts[9] == 15


def pack(content, is_packed):
    return gzip.compress(content) if is_packed else content


@pytest.mark.parametrize(
    ("content", "lines", "places"),
    [
        (f"{HEADER}\n{ROW}\n{ROW}\n", [2, 3], [(1, 1)]),
        (f"{HEADER}\ncut\n{ROW}\n{ROW}\ncut\ncut\n{ROW}", [3, 4, 7], [(1, 2), (3, 4)]),
        # a quotation mark that is a letter: what follows cannot be told apart by counting them
        (f'{HEADER}\n{ROW} 5"\n{ROW}\n\n{ROW}\n', [None] * 3, []),
        (json.dumps(OBJECT) + "\n" + json.dumps(OBJECT), [1, 2], [(1, 0)]),
        (json.dumps(OBJECT) + "\n\nno\n" + json.dumps(OBJECT), [1, 4], [(1, 0), (2, 2)]),
        (json.dumps([OBJECT, OBJECT]), [None, None], []),
    ],
    ids=["plain", "rejected lines", "a loose mark", "JSON Lines", "JSON Lines with others", "JSON array"],
)
def test_the_book_of_lines_says_where_they_jump(project, tmp_path, content, lines, places):
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, content)}"])
    assert lines_of_rows(project) == lines
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        found = connection.execute("select row_number, lines_before from raw._lines order by row_number").fetchall()
    assert found == places


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_last_line_that_is_cut_short_is_pointed_at(project, tmp_path, capsys, encoding):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n{ROW[:20]}\n".encode(encoding))
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert rejects(project) == [("export.csv", 3, "too_few_fields")]
    assert "the last line is cut short: the file may be truncated" in capsys.readouterr().out


WHOLE = f"{HEADER}\n{ROW}\n{ROW.replace('INC1', 'INC2').replace('Mail', 'Büro')}\n"
CUT = {
    "in its second last field": WHOLE.encode()[:-10],
    "in the middle of a letter": f"{WHOLE}{ROW[:9]}ü".encode()[:-1],
    "in a line of JSON": f"{json.dumps(OBJECT)}\n{json.dumps(OBJECT)[:-20]}".encode(),
    "in an array of JSON": f"[{json.dumps(OBJECT)},".encode(),
    "in a packed file": gzip.compress(WHOLE.encode())[:-12],
    "in the text that was packed": gzip.compress(WHOLE.encode()[:-10]),
    "in UTF-16": WHOLE.encode("utf-16")[:-30],
}


@pytest.mark.parametrize("where", CUT)
def test_of_a_file_that_is_cut_nothing_is_loaded_and_the_whole_one_is_then(project, tmp_path, where):
    with pytest.raises(InputError, match="truncated"):
        load(project, "servicenow", [f"incident_event_log={write(tmp_path, CUT[where], 'cut')}"])
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, WHOLE)}"])
    assert table(project, "number, category") == [("INC1", "Mail"), ("INC2", "Büro")]
    assert rejects(project) == []


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_needs_no_line_break_at_its_end(project, tmp_path, end):
    """Nor is the last letter of a text from Windows one that was cut."""
    text = f"{HEADER}\n{ROW.replace('Mail', 'Café')}".encode("cp1252")
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, text + end.encode())}"])
    assert table(project, "category") == [("Café",)]


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


def as_parquet(tmp_path, select, name="export.parquet"):
    path = tmp_path / name
    duckdb.sql(select).write_parquet(str(path))
    return path


def as_json_lines(*objects):
    return "".join(json.dumps(one) + "\n" for one in objects)


@pytest.mark.parametrize("name", ["export.jsonl", "export.ndjson", "export.json", "export.csv"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("is_array", [False, True])
def test_json_is_known_by_its_content(project, tmp_path, capsys, name, encoding, is_packed, is_array):
    objects = [OBJECT | {"caller_id": "Änne"}, OBJECT | {"number": "INC2"}]
    text = " \n" + (json.dumps(objects, indent=1, ensure_ascii=False) if is_array else as_json_lines(*objects))
    content = text.replace("\\u00c4", "Ä").encode(encoding)
    path = write(tmp_path, gzip.compress(content) if is_packed else content, name)
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, caller_id, opened_at, _row_number") == [
        ("INC1", "Änne", "1/3/2016 10:00", 1),
        ("INC2", "Ann Example", "1/3/2016 10:00", 2),
    ]
    assert f"bytes, JSON {'array' if is_array else 'Lines'}, " in capsys.readouterr().out
    assert [left.name for left in project.warehouse.parent.iterdir() if left.name.startswith("tmp")] == []


def test_json_values_land_as_text_and_columns_are_the_keys_of_all_lines(project, tmp_path):
    first = OBJECT | {"sys_mod_count": 7, "active": True, "category": None, "U_List": [1, {"a": None}], "location": ""}
    second = {"Open Time (First Touch)": "9:24", "u.dotted": 1.5, 'u"q': "q", "$u": 12345678901234567890123} | OBJECT
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, as_json_lines(first, second), 'x.jsonl')}"])
    columns = 'sys_mod_count, active, category, u_list, location, "open time (first touch)", "u.dotted", "u""q", "$u"'
    assert table(project, columns) == [
        ("7", "true", None, '[1,{"a":null}]', "", None, None, None, None),
        ("0", None, "Mail", None, None, "9:24", "1.5", "q", "12345678901234567890123"),
    ]
    assert [name for name, _ in book(project)] == [
        *HEADER.split(","), "active", "u_list", "location", "open time (first touch)", "u.dotted", 'u"q', "$u",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_lines_that_are_no_json_are_kept_apart(project, tmp_path, capsys, encoding, newline, is_packed):
    good = json.dumps(OBJECT)
    lines = [good, "", "  " + good, '{"number": "SECRET"', '["SECRET"]', "  ", '"SECRET"', good + good, "NaN", good]
    content = newline.join([*lines, '{"number": "SEC', ""]).encode(encoding)
    path = write(tmp_path, gzip.compress(content) if is_packed else content)
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _row_number") == [("INC1", 1), ("INC1", 2), ("INC1", 3)]
    assert rejects(project) == [("export.csv", line, "not_json") for line in (4, 5, 7, 8, 9, 11)]
    printed = capsys.readouterr().out
    assert "lines rejected: 6 (line 4: no JSON object; line 5: no JSON object; line 7" in printed
    assert "the last line is cut short: the file may be truncated" in printed
    assert "SECRET" not in printed
    assert b"SECRET" not in project.warehouse.read_bytes()


def test_json_lines_may_end_in_two_ways(project, tmp_path):
    good = json.dumps(OBJECT)
    path = write(tmp_path, f"{good}\r\n{good}\nSECRET\r\n{good}\n")
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, path.read_bytes(), 'two.jsonl')}"])
    assert len(table(project)) == 3
    assert rejects(project) == [("two.jsonl", 3, "not_json")]


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
def test_a_column_that_other_formats_lack_has_near_matches(project, tmp_path, kind):
    columns = {name.replace("caller_id", "Caller"): value for name, value in OBJECT.items()}
    if kind == "parquet":
        path = as_parquet(tmp_path, "select " + ", ".join(f"'{value}' as {name}" for name, value in columns.items()))
    else:
        path = write(tmp_path, json.dumps(columns if kind == "jsonl" else [columns]), f"export.{kind}")
    message = fails(project, f"incident_event_log={path}")
    assert f"export.{kind}: incident_event_log needs 1 column more" in message
    assert "'caller_id' is missing. Did you mean 'caller'?" in message


def test_a_single_key_is_not_taken_for_a_wrong_delimiter(project, tmp_path):
    message = fails(project, f"incident_event_log={write(tmp_path, json.dumps({'number': 'INC1'}))}")
    assert "needs 7 columns more" in message
    assert "separated" not in message


PARQUET_ROW = ", ".join(f"'{value}' as {name}" for name, value in OBJECT.items() if name not in ("opened_at", "number"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("null::integer", None),
        ("7::bigint", "7"),
        ("7.0::double", "7"),
        ("0.25::double", "0.25"),
        ("1.50::decimal(9, 2)", "1.50"),
        ("true", "true"),
        ("date '2016-03-01'", "2016-03-01"),
        ("timestamp '2016-03-01 00:00:00'", "2016-03-01 00:00:00"),
        ("timestamp '2016-03-01 10:00:00.5'", "2016-03-01 10:00:00.500000"),
        ("timestamp_ns '2016-03-01 10:00:00.123456789'", "2016-03-01 10:00:00.123456"),
        ("timestamptz '2016-03-01 10:00:00+02'", "2016-03-01 08:00:00"),
        ("time '10:00:00'", "10:00:00"),
        ("{'a': 1, 't': timestamptz '2016-03-01 10:00:00+02'}", '{"a":1,"t":"2016-03-01 08:00:00+00"}'),
        ("[1, null]", "[1,null]"),
        ("map {'k': 1}", '{"k":1}'),
        ("'{\"a\": 1}'::json", '{"a": 1}'),
        ("encode('Änne')", "Änne"),
        ("'\\xFF'::blob", "\\xFF"),
        ("'?'", "?"),
    ],
)
def test_parquet_values_land_as_the_text_a_person_would_write(project, tmp_path, monkeypatch, value, text):
    def connect_in_new_york(self, connect=Project.connect):
        connection = connect(self)
        connection.execute("set TimeZone = 'America/New_York'")
        return connection

    monkeypatch.setattr(Project, "connect", connect_in_new_york)
    path = as_parquet(tmp_path, f"select 'INC1' as Number, {value} as opened_at, {PARQUET_ROW}")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, opened_at, _row_number") == [("INC1", text, 1)]


def test_a_parquet_file_is_known_by_its_content_packed_or_in_a_folder_like_a_partition(project, tmp_path, capsys):
    (tmp_path / "number=9").mkdir()
    path = as_parquet(tmp_path, f"select 'INC1' as number, '' as opened_at, {PARQUET_ROW}", "number=9/export[1].csv")
    packed = write(tmp_path, gzip.compress(path.read_bytes()), "packed")
    load(project, "servicenow", [f"incident_event_log={path}", f"incident_event_log={packed}"])
    assert table(project, "number, _source_file") == [("INC1", "export[1].csv")]
    printed = capsys.readouterr().out
    assert f"reading {path.stat().st_size:,} bytes, Parquet\n" in printed
    assert "packed: already loaded as export[1].csv, skipped" in printed
    other = as_parquet(tmp_path, f"select 'INC2' as number, '' as opened_at, {PARQUET_ROW}")
    packed.write_bytes(gzip.compress(other.read_bytes()))
    load(project, "servicenow", [f"incident_event_log={packed}"])
    assert table(project, "number") == [("INC1",), ("INC2",)]


def test_a_damaged_or_empty_parquet_file_says_so(project, tmp_path):
    select = f"select 'SECRET' || n as number, '' as opened_at, {PARQUET_ROW} from range(9999) as t(n)"
    whole = as_parquet(tmp_path, select).read_bytes()
    hole = whole[:50] + b"\xff" * 5000 + whole[5050:]
    for content in (whole[:-1], whole[: len(whole) // 2], hole):
        message = fails(project, f"incident_event_log={write(tmp_path, content, 'cut.parquet')}")
        assert "cut.parquet: it cannot be read to its end as Parquet: the file is truncated or damaged. Copy" in message
        assert "Nothing was loaded." in message
        assert "SECRET" not in message


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", (HEADER + "\r\n").encode("utf-16"), "parquet"])
def test_a_file_without_rows_is_an_empty_table(project, tmp_path, capsys, content):
    if content == "parquet":
        path = as_parquet(
            tmp_path, f"select '' as number, timestamptz '2024-01-01 00:00:00+00' as opened_at, {PARQUET_ROW} limit 0"
        )
    else:
        path = write(tmp_path, content)
    load(project, "servicenow", [f"incident_event_log={path}"])
    printed = capsys.readouterr().out
    assert "0 rows into servicenow.incident_event_log\n       the file has column names and no rows: export" in printed
    assert table(project, "number, caller_id, reopen_count, _row_number") == []
    assert len(book(project)) == len(OBJECT)
    assert {kind for _, kind in book(project)} == {"empty"}
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert "skipped" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["jsonl", "json", "parquet"])
def test_row_numbers_follow_other_formats_too(project, tmp_path, kind):
    path = tmp_path / f"export.{kind}"
    options = {"jsonl": "format json", "json": "format json, array true", "parquet": "format parquet"}[kind]
    select = f"select 'INC' || n as number, '' as opened_at, {PARQUET_ROW} from range(1, 50001) as t(n)"
    duckdb.sql(f"copy ({select}) to '{path}' ({options})")
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _row_number") == [(f"INC{n}", n) for n in range(1, 50001)]


def test_a_parquet_column_may_be_called_as_duckdb_calls_its_row_numbers(project, tmp_path):
    path = as_parquet(
        tmp_path,
        f"select 'INC' || n as number, '' as opened_at, {PARQUET_ROW}, 7 as File_Row_Number from range(2) as t(n)",
    )
    load(project, "servicenow", [f"incident_event_log={path}"])
    assert table(project, "number, _row_number, file_row_number") == [("INC0", 1, "7"), ("INC1", 2, "7")]


def test_columns_land_under_their_own_names(project, tmp_path):
    names = [
        "Open Time (First Touch)",
        "# Reassignments",
        "vru+line",
        "CI Name (aff)",
        'Say "x"',
        "a,b",
        "[c]",
        "%",
        "é",
    ]
    extra = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    path = write(tmp_path, f"{HEADER},{extra}\n{ROW},{','.join('123456789')}\n")
    load(project, "servicenow", [f"incident_event_log={path}"])
    quoted = ", ".join('"' + name.lower().replace('"', '""') + '"' for name in names)
    assert table(project, quoted) == [tuple("123456789")]
    assert [name for name, _ in book(project)][8:] == [name.lower() for name in names]


@pytest.fixture
def two_systems(project, tmp_path_factory):
    """A project that knows ServiceNow and a telephone system with one table."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(project.root / "models" / "staging" / "servicenow", root / "models" / "staging" / "servicenow")
    phones = root / "models" / "staging" / "phones" / "_phones__sources.yml"
    phones.parent.mkdir()
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(project.root / name, root)
    phones.write_text(
        "sources: [{name: phones, schema: raw, tables: [{name: calls, identifier: phones__calls, columns: "
        "[{name: call_id, config: {meta: {required: true}}}]}]}]"
    )
    return dataclasses.replace(project, root=root)


def ask(project, query):
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return connection.execute(query).fetchall()


def test_several_systems_load_in_one_call(two_systems, tmp_path):
    log = write(tmp_path, f"{HEADER}\n{ROW}\n", "log.csv")
    for month in (1, 2):
        write(tmp_path, f"call_id\n{month}\n", f"month{month}.csv")
    ends = parse_ends(["phones.tickets_opened=2016-06-01", "tickets_opened=2016-07-01"])
    load(two_systems, "servicenow", [f"incident_event_log={log}", f"phones.calls={tmp_path}/month*.csv"], ends)
    assert ask(two_systems, "select call_id, source_system, _source_file from raw.phones__calls order by 1") == [
        ("1", "phones", "month1.csv"),
        ("2", "phones", "month2.csv"),
    ]
    assert table(two_systems, "number, source_system") == [("INC1", "servicenow")]
    assert ask(two_systems, "select source_system, month(observed_until) from raw._observed_until order by 1") == [
        ("phones", 6),
        ("servicenow", 7),
    ]


def test_several_systems_load_all_or_none(two_systems, tmp_path):
    log = write(tmp_path, f"{HEADER}\n{ROW}\n", "log.csv")
    bad = write(tmp_path, "call_id\n1,2\n", "calls.csv")
    assert "calls.csv" in fails(two_systems, f"servicenow.incident_event_log={log}", f"phones.calls={bad}", system=None)


def test_where_one_system_is_loaded_an_end_is_of_it(two_systems, tmp_path):
    calls = write(tmp_path, "call_id\n1\n", "calls.csv")
    load(two_systems, None, [f"phones.calls={calls}"], parse_ends(["surveys=2016-06-01"]))
    assert ask(two_systems, "select source_system, feed from raw._observed_until") == [("phones", "surveys")]


def test_a_system_that_is_not_named_or_not_known_is_asked_for(two_systems, tmp_path):
    log = write(tmp_path, f"{HEADER}\n{ROW}\n", "log.csv")
    calls = write(tmp_path, "call_id\n1\n", "calls.csv")
    message = fails(two_systems, f"calls={calls}", system=None)
    assert f"'calls={calls}' names no source system. Write phones.calls={calls}, or give --system" in message
    assert "Known: phones, servicenow." in message
    message = fails(two_systems, f"phone.calls={calls}", system="servicenow")
    assert "No source system 'phone'. Did you mean 'phones'? Known: phones, servicenow." in message
    message = fails(two_systems, f"phones.call={calls}", system=None)
    assert "System 'phones' has no table 'call'. Did you mean 'calls'?" in message

    both = [f"servicenow.incident_event_log={log}", f"phones.calls={calls}"]
    for end, expected in [
        ("surveys=2016-06-01", "surveys: several systems are loaded; say which one it is of, for example phones.surv"),
        ("phone.surveys=2016-06-01", "No source system 'phone'. Did you mean 'phones'?"),
    ]:
        with pytest.raises(InputError) as caught:
            load(two_systems, None, both, parse_ends([end]))
        assert expected in caught.value.message
    assert is_empty(two_systems)


def book(project):
    """(column, kind) of the last load."""
    return ask(
        project,
        "select column_name, kind from raw._columns where loaded_at = (select max(loaded_at) from raw._columns) "
        "order by position",
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["", "?", "NULL", "-", " "], "empty"),
        (["1", "-20", "?", " 7 "], "whole numbers"),
        (["1", "2.5", "-.5", "1e5"], "numbers"),
        (["1", "0,267777778", "1.234,50"], "numbers with a decimal comma"),
        (["1.5", "1,5"], "text"),
        (["true", "FALSE", ""], "true or false"),
        (["true", "1"], "text"),
        (["1/3/2016 10:00", "12/12/2016 9:24:01"], "times like 1/3/2024 10:00"),
        (["1/3/2016 10:00", "29/2/2016 01:16"], "times like 31/3/2024 10:00"),
        (["1/3/2016 10:00 AM", "2/29/2016 01:16 PM"], "times like 3/31/2024 10:00"),
        (["29/2/2016 01:16", "2/29/2016 01:16"], "text"),
        (["08-10-2013 11:47:46", "31-10-2013 11:47"], "times like 31-3-2024 10:00"),
        (["8.10.2013", "9.10.13"], "times like 1.3.2024"),
        (["2016-03-01", "2016-03-01 10:00:00.5"], "times like 2024-03-01 10:00"),
        (["2016-03-01T10:00:00Z", "2016-03-01 10:00+02:00", "2016-03-01 10:00 -0500"],
         "times like 2024-03-01 10:00+01:00"),
        (["2016-03-01 10:00", "2016-03-01T10:00:00Z"], "text"),
        (["2016/03/01"], "times like 2024/03/01"),
        (["00:00:31", "9:24"], "times like 10:00"),
        (["1", "Caller 7"], "text"),
        (["Änne", "(none)"], "text"),
        (["+43 660 1", "7/8"], "text"),
    ],
)  # fmt: skip
def test_what_the_values_of_a_column_look_like(project, tmp_path, values, kind):
    rows = "".join(f'{ROW},"{value}"\n' for value in values)
    load(project, "servicenow", [f"incident_event_log={write(tmp_path, f'{HEADER},u_x{chr(10)}{rows}')}"])
    assert book(project)[-1] == ("u_x", kind)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": "text"}, {"a": "text"}, []),
        ({"a": "text", "b": "text"}, {"b": "text", "a": "text"}, []),
        ({"a": "empty", "b": "text"}, {"a": "text", "b": "empty"}, []),
        ({"a": "whole numbers", "b": "numbers"}, {"a": "numbers", "b": "whole numbers"}, []),
        ({"a": "whole numbers"}, {"a": "numbers with a decimal comma"}, []),
        ({"a": "numbers"}, {"a": "numbers with a decimal comma"},
         ["a: was numbers, is numbers with a decimal comma"]),
        ({"priority": "whole numbers"}, {"priority": "text"}, ["priority: was whole numbers, is text"]),
        ({"a": "true or false"}, {"a": "whole numbers"}, ["a: was true or false, is whole numbers"]),
        ({"opened_at": "times like 31/3/2024 10:00"}, {"opened_at": "times like 2024-03-01 10:00"},
         ["opened_at: was times like 31/3/2024 10:00, is times like 2024-03-01 10:00"]),
        ({"a": "times like 31/3/2024 10:00"}, {"a": "times like 3/31/2024 10:00"},
         ["a: was times like 31/3/2024 10:00, is times like 3/31/2024 10:00"]),
        ({"a": "times like 1/3/2024 10:00"}, {"a": "times like 3/31/2024 10:00"}, []),
        ({"a": "times like 31/3/2024 10:00"}, {"a": "times like 1/3/2024 10:00"}, []),
        ({"a": "times like 31/3/2024 10:00"}, {"a": "times like 31/3/2024"},
         ["a: was times like 31/3/2024 10:00, is times like 31/3/2024"]),
        ({"a": "text", "z": "text"}, {"a": "text", "n1": "text", "z": "text", "n2": "text"},
         ["new columns: n1, n2"]),
        ({"a": "text", "b": "text", "c": "text"}, {"a": "text"}, ["columns no longer there: b, c"]),
        ({"a": "text", "opened_at": "text", "z": "text"}, {"opened at": "text", "z": "text", "a": "text"},
         ["probably renamed: opened_at is now opened at"]),
        ({"a": "text", "caller": "text", "z": "text"}, {"new": "text", "a": "text", "requested": "text", "z": "text"},
         ["new columns: new", "probably renamed: caller is now requested"]),
        ({"a": "text", "caller": "text", "z": "text"}, {"a": "text", "count": "whole numbers", "z": "text"},
         ["new columns: count", "columns no longer there: caller"]),
        ({"a": "text", "priority": "whole numbers"}, {"a": "text", "priority_name": "text"},
         ["probably renamed: priority is now priority_name", "priority_name: was whole numbers, is text"]),
    ],
)  # fmt: skip
def test_what_changed_between_two_loads(before, after, lines):
    assert list(differences(before, after)) == lines


def test_a_short_date_among_longer_ones_is_no_other_kind():
    told = "times like 31.3.2024 10:00"
    assert common_kind(["times like 1.3.2024", "times like 1.3.2024 10:00", told]) == told
    assert common_kind([told, "times like 3.31.2024"]) == "text"


def test_a_load_says_what_changed_since_the_one_before_and_never_a_value(project, tmp_path, capsys):
    old = write(tmp_path, f"{HEADER},priority,u_old,location\n{ROW},1,x,Wien\n", "old.csv")
    changed = ROW.replace("1/3/2016 10:00", "2016-03-01 10:00")
    new = write(tmp_path, f"{HEADER},urgent,priority,u_older\n{changed},SECRET,SECRET,x\n", "new.csv")
    load(project, "servicenow", [f"incident_event_log={old}", f"incident_event_log={new}"])
    printed = capsys.readouterr().out
    assert printed.endswith(
        "       since the last load (old.csv):\n"
        "         new columns: urgent\n"
        "         columns no longer there: location\n"
        "         probably renamed: u_old is now u_older\n"
        "         opened_at: was times like 1/3/2024 10:00, is times like 2024-03-01 10:00\n"
        "         sys_updated_at: was times like 1/3/2024 10:00, is times like 2024-03-01 10:00\n"
        "         priority: was whole numbers, is text\n"
    )
    assert printed.count("since the last load") == 1
    assert "SECRET" not in printed


def test_a_column_without_values_does_not_hide_a_change(project, tmp_path, capsys):
    for number, priority in enumerate(["1", "?", "high", "?", "low"]):
        path = write(
            tmp_path, f"{HEADER},priority\n{ROW},{priority}\n".replace("INC1", f"INC{number}"), f"{number}.csv"
        )
        load(project, "servicenow", [f"incident_event_log={path}"])
    printed = capsys.readouterr().out
    assert printed.count("since the last load") == 1
    assert "since the last load (1.csv):\n         priority: was whole numbers, is text\n" in printed


def test_a_file_that_is_skipped_or_of_another_table_is_no_last_load(two_systems, tmp_path, capsys):
    log = write(tmp_path, f"{HEADER}\n{ROW}\n", "log.csv")
    calls = write(tmp_path, "call_id\n1\n", "calls.csv")
    load(two_systems, None, [f"servicenow.incident_event_log={log}", f"phones.calls={calls}", f"phones.calls={calls}"])
    assert "since the last load" not in capsys.readouterr().out
    assert len(ask(two_systems, "select * from raw._columns where source_system = 'phones'")) == 1


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
    assert (
        "Did you mean 'servicenow'? Known: bank_call_log, canonical, service_manager, servicenow, zendesk." in message
    )
    message = fails(project, f"incident_log={path}")
    assert "Did you mean 'incident_event_log'?" in message
    assert "not of the form [SYSTEM.]TABLE=FILE, for example bank_call_log.calls=" in fails(project, str(path))


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


def test_needs_are_declared_in_the_sources_file_only():
    tables = declared_systems_of_this_project()
    assert set(tables) == {"bank_call_log", "canonical", "service_manager", "servicenow", "zendesk"}
    log = tables["servicenow"]["incident_event_log"]
    assert set(log.required) == set(HEADER.split(","))
    assert "reopen_count" in log.columns
    assert "_loaded_at" not in log.columns


def declared_systems_of_this_project():
    return declared_systems(Project.find())
