"""One run at a time; a build file that was damaged, and a disk that is full, are told, and the next run is right."""

import contextlib
import datetime
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading

import duckdb
import pytest
from click.testing import CliRunner

from conftest import ROOT
from counterweight import cli, inputs, recovery, salt
from counterweight.build import build, last_build
from counterweight.errors import BusyError, CounterweightError, DamagedError, InputError
from counterweight.load import load
from counterweight.project import PUBLISHED_VARIABLE, WAREHOUSE_VARIABLE, Project
from counterweight.publish import FILE_NAME, publish

HEADER = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,contact_type,category"
# More than one block of DuckDB's a column.
ROWS = 12_000
SECRET = "a secret that nobody must find"


@pytest.fixture
def project(tmp_path):
    return Project(ROOT, tmp_path / "house" / "counterweight.duckdb", tmp_path / "published")


def log(tmp_path, name, first=0, count=ROWS):
    """A log whose rows are unlike each other, so that they take room."""
    lines = [
        f"INC{n},New,0,{n * 7919 % 99991:x}{n * 104729 % 999983:x},1/3/2016 10:00,1/3/2016 10:00,Phone,{name}"
        for n in range(first, first + count)
    ]
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return f"servicenow.incident_event_log={path}"


def ask(project, query):
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        return connection.execute(query).fetchall()


def raw(project):
    """What lies in raw, but for when it came."""
    return ask(
        project,
        "select _source_file, count(*), bit_xor(hash(t)) from "
        "(select * exclude (_loaded_at) from raw.servicenow__incident_event_log) as t group by all order by all",
    ), ask(project, "select source_file from raw._loads order by loaded_at")


# ---- one at a time


@contextlib.contextmanager
def another_run(lock):
    """Another process that holds a lock: `project.lock()` as text. Yields its number, and what ends it."""
    program = (
        "import sys, pathlib; from counterweight.project import Project\n"
        f"with {lock}:\n    print(flush=True); sys.stdin.readline()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        yield process
        with contextlib.suppress(ValueError):
            process.communicate("\n")


def as_text(project):
    return f"Project(*map(pathlib.Path, {[str(project.root), str(project.warehouse), str(project.published)]}))"


def test_a_second_run_says_who_holds_the_warehouse_or_waits(project, tmp_path, monkeypatch, capsys):
    small = log(tmp_path, "a", count=3)
    with another_run(f"{as_text(project)}.lock()") as other:
        with pytest.raises(
            BusyError, match=rf"at work on .*: counterweight, process {other.pid} on .*, since 20"
        ) as no:
            load(project, None, [small])
        assert no.value.exit_code == 4
        assert not project.warehouse.exists()
        monkeypatch.setattr("counterweight.project.time.sleep", lambda _: other.stdin.close())
        load(Project(project.root, project.warehouse, project.published, wait=60), None, [small])
    assert (
        f"wait   for another run on {project.warehouse}: counterweight, process {other.pid}" in capsys.readouterr().out
    )
    assert ask(project, "select count(*) from raw.servicenow__incident_event_log") == [(3,)]


def test_a_run_that_was_killed_holds_nothing(project, tmp_path):
    with another_run(f"{as_text(project)}.lock()") as other:
        project.scratch.mkdir()
        (project.scratch / "copy of a file").write_text("rows")
        other.send_signal(signal.SIGKILL)
        other.wait()
        load(project, None, [log(tmp_path, "a", count=3)])
    assert not project.scratch.exists()


def test_two_warehouses_that_publish_into_one_folder_take_turns(project, tmp_path):
    other = Project(ROOT, tmp_path / "other" / "counterweight.duckdb", project.published)
    with another_run(f"{as_text(other)}.lock_published()") as process, pytest.raises(BusyError) as caught:
        publish(project)
    assert f"at work on {project.published}: counterweight, process {process.pid}" in caught.value.message


def test_no_other_run_gets_in_between_the_steps_of_a_run(project, tmp_path, monkeypatch):
    tried = []

    def another(name):
        try:
            with project.lock():
                tried.append((name, "got in"))
        except BusyError:
            tried.append((name, "refused"))

    for name in ("build", "audit", "publish", "report"):

        def step(*_, name=name):
            # the lock is a thread's own, so another thread is as good as another process
            worker = threading.Thread(target=another, args=[name])
            worker.start()
            worker.join()

        monkeypatch.setattr(importlib.import_module(f"counterweight.{name}"), name, step)
    monkeypatch.setattr("counterweight.summary.show", lambda project: None)
    outcome = invoke(project, monkeypatch, "run", log(tmp_path, "a", count=3))
    assert outcome.exit_code == 0, outcome.output
    another("the end")
    assert tried == [(name, "refused") for name in ("build", "audit", "publish", "report")] + [("the end", "got in")]


def invoke(project, monkeypatch, *arguments):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(project.warehouse))
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(project.published))
    return CliRunner().invoke(cli.main, list(arguments))


# ---- a damaged build file


def overwrite(file, position, count=4096):
    with file.open("r+b") as handle:
        handle.seek(position)
        handle.write(b"\xa5" * count)


def place_of(project, table):
    """Where some block of a table's rows lies in the file."""
    (block,) = ask(project, f"select max(block_id) from pragma_storage_info('{table}') where block_id >= 0")[0]
    return 3 * 4096 + block * 262_144


def publish_books(project, with_list=True):
    """A published file, as far as a mend reads it: the build and its inputs."""
    folder = project.published / "000041-aaaaaaaa"
    folder.mkdir(parents=True)
    loads = ask(project, "select * exclude (byte_count) from raw._loads order by loaded_at")
    with contextlib.closing(project.connect(read_only=True)) as connection:
        mark = inputs.fingerprint(connection)
    with contextlib.closing(duckdb.connect(str(folder / FILE_NAME))) as connection:
        connection.execute("create schema audit")
        connection.execute(
            "create table audit.builds as select 41::bigint as build_number, '000041-aaaaaaaa' as build_id, "
            "'audited' as status, 'c' as code_fingerprint, ? as input_fingerprint, '{}' as vars, 'x' as git_commit",
            [mark],
        )
        if with_list:
            connection.execute(
                "create table audit.build_inputs (build_id varchar, source_system varchar, raw_table varchar, "
                "source_file varchar, content_sha256 varchar, row_count bigint, load_number bigint, "
                "loaded_at timestamp)"
            )
            for number, (*load_, loaded_at) in enumerate(loads, start=1):
                connection.execute(
                    "insert into audit.build_inputs values ('000041-aaaaaaaa', ?, ?, ?, ?, ?, ?, ?)",
                    [*load_, number, loaded_at],
                )
    (folder / "manifest.json").write_text(json.dumps({"build_id": folder.name, "file": FILE_NAME, "tables": []}))
    project.current.symlink_to(folder.name)


def add_build(project):
    """An audited build in the book: of what a mend leaves, nothing may be published under it."""
    from counterweight.build import make_books

    with contextlib.closing(project.connect()) as connection:
        make_books(connection)
        connection.execute(
            "insert into audit.builds by name select 7 as build_number, '000007-bbbbbbbb' as build_id, "
            "'audited' as status, 'i' as input_fingerprint, '{}' as vars"
        )
        connection.execute("create schema facts; create table facts.fct_claims as select 1 as a")
        connection.execute("create table facts.fct_big as select range, md5(range::varchar) from range(20000)")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The folder of a warehouse with two loads, the second of which came later and decides."""
    folder = tmp_path_factory.mktemp("two_loads")
    project = Project(ROOT, folder / "house" / "counterweight.duckdb", folder / "published")
    for pair in (log(folder, "b"), log(folder, "a", first=ROWS // 2)):
        load(project, None, [pair])
    return folder


@pytest.fixture
def two_loads(loaded, project, tmp_path):
    """Returns (project, its two files, what lies in raw)."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return project, [f"servicenow.incident_event_log={tmp_path / name}.csv" for name in "ba"], raw(project)


DAMAGES = {
    "the main header": lambda file: overwrite(file, 0),
    "a header of the state": lambda file: overwrite(file, 4096),
    "its second half is gone": lambda file: os.truncate(file, file.stat().st_size // 2),
    "it is empty": lambda file: os.truncate(file, 0),
    "it is text": lambda file: file.write_text("hello\n" * 3000),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_kind_of_damage_is_told(two_loads, damage):
    project, _, _ = two_loads
    DAMAGES[damage](project.warehouse)
    with pytest.raises(DamagedError, match=r"counterweight.duckdb is damaged: .*\. Readers keep what they have"):
        project.connect()


@pytest.mark.parametrize("damage", ["the main header", "it is empty"])
def test_where_nothing_can_be_read_what_readers_see_says_what_to_load_again(two_loads, tmp_path, monkeypatch, damage):
    project, (first, second), before = two_loads
    publish_books(project)
    DAMAGES[damage](project.warehouse)
    outcome = invoke(project, monkeypatch, "build")
    assert outcome.exit_code == 1
    assert "counterweight.duckdb is damaged: " in outcome.output
    assert "Run 'counterweight run'" in outcome.output
    new = log(tmp_path, "new", count=5)
    outcome = invoke(project, monkeypatch, "run", new, second)
    assert outcome.exit_code == 2
    assert "1 of the files that were loaded have to be loaded again:\n  servicenow.incident_event_log: b.csv\n" in (
        outcome.output
    )
    assert project.warehouse.with_name("counterweight.damaged-1.duckdb").exists()
    with pytest.raises(InputError, match="2 of the files"):
        build(project, {})
    load(project, None, [new, second, first])
    rows_, files_ = raw(project)
    # in the old order, whatever the new one's: the later load decides
    assert files_ == [("b.csv",), ("a.csv",), ("new.csv",)]
    assert rows_[:2] == before[0]
    # builds go on to count where readers are, and nothing of the lost one can be published
    assert last_build(project)[:2] == ("000041-aaaaaaaa", "stale")
    with pytest.raises(CounterweightError, match="status: stale"):
        publish(project)


def test_what_can_be_read_is_kept(two_loads):
    """A block of a built table is lost: everything that was loaded is saved."""
    project, _, before = two_loads
    add_build(project)
    overwrite(project.warehouse, place_of(project, "facts.fct_big"))
    calls = []

    def work():
        calls.append(1)
        return ask(project, "select max(hash(t)) from facts.fct_big as t") if len(calls) == 1 else "done"

    assert recovery.carry_out(project, work) == "done"
    assert raw(project) == before
    assert last_build(project)[:2] == ("000007-bbbbbbbb", "stale")
    assert ask(project, "select count(*) from duckdb_tables() where schema_name = 'facts'") == [(0,)]
    assert ask(project, "select salt from private.salt") == [(salt.DEVELOPMENT_SALT,)]


def test_of_a_raw_table_that_is_lost_its_files_are_asked_for_and_no_others(two_loads, tmp_path, capsys):
    project, pairs, before = two_loads
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "vru+line,call_id,customer_id,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome,"
        "ser_start,ser_exit,ser_time,server\nAA0101,1,0,0,PS,990101,0:00:01,0:00:02,1,0:00:00,0:00:00,0,HANG,"
        "0:00:00,0:00:00,0,NO_SERVER\n"
    )
    load(project, "bank_call_log", [f"calls={calls}"])
    overwrite(project.warehouse, place_of(project, "raw.servicenow__incident_event_log"))
    with pytest.raises(duckdb.CatalogException):
        # it is not there the second time either
        recovery.carry_out(project, lambda: raw(project))
    with pytest.raises(InputError) as caught:
        load(project, None, pairs[1:])
    assert "saved what was loaded, but for servicenow.incident_event_log" in capsys.readouterr().err
    assert "servicenow.incident_event_log: b.csv" in caught.value.message
    assert "calls.csv" not in caught.value.message
    assert ask(project, "select count(*) from raw.bank_call_log__calls") == [(1,)]
    load(project, None, pairs[::-1])
    assert raw(project)[0] == before[0]
    assert [name for (name,) in raw(project)[1]] == ["calls.csv", "b.csv", "a.csv"]


def test_files_that_are_gone_for_good_can_be_done_without(two_loads, monkeypatch):
    project, (_, second), _ = two_loads
    publish_books(project)
    os.truncate(project.warehouse, 0)
    recovery.mend(project)
    with pytest.raises(InputError, match="--accept-loss"):
        load(project, None, [second])
    load(project, None, [second], accept_loss=True)
    assert raw(project)[1] == [("a.csv",)]
    load(project, None, [second])


def test_the_ends_of_feeds_were_lost_too_and_are_asked_for(two_loads):
    project, pairs, _ = two_loads
    end = ("servicenow", "surveys", datetime.datetime(2016, 6, 1))
    load(project, None, [pairs[0]], [end])
    publish_books(project)
    os.truncate(project.warehouse, 0)
    recovery.mend(project)
    with pytest.raises(InputError, match="Say again when its feeds ended"):
        load(project, None, pairs)
    assert ask(project, "select count(*) from raw._loads") == [(0,)]
    load(project, None, pairs, [end])


def test_what_an_older_version_published_tells_whether_all_is_back_but_not_what_is_missing(two_loads):
    project, (first, second), _ = two_loads
    publish_books(project, with_list=False)
    os.truncate(project.warehouse, 0)
    recovery.mend(project)
    with pytest.raises(InputError, match="Name all of them in one"):
        build(project, {})
    for wrong in ([second], [second, first]):
        with pytest.raises(InputError, match="name all files that were loaded, the oldest first"):
            load(project, None, wrong)
    load(project, None, [first, second])
    assert not ask(project, "select * from duckdb_tables() where table_name = 'awaited_inputs'")


def test_a_log_that_cannot_be_carried_out_is_left_out(project, tmp_path):
    """What a killed process had committed and not yet put into its place, and the disk lost."""
    load(project, None, [log(tmp_path, "a", count=5)])
    program = (
        "import duckdb, os\n"
        f"connection = duckdb.connect({str(project.warehouse)!r})\n"
        "connection.execute(\"set checkpoint_threshold = '1TB'\")\n"
        "connection.execute('create table raw.more as select range from range(9999)')\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    wal = project.warehouse.with_name("counterweight.duckdb.wal")
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 255
    wal.write_bytes(content)
    assert recovery.carry_out(project, lambda: raw(project)[1]) == [("a.csv",)]
    assert not wal.exists()
    assert project.warehouse.with_name("counterweight.damaged-1.duckdb.wal").exists()


def test_a_mend_that_is_killed_is_begun_anew(two_loads, tmp_path):
    """At each of its touches of the disk; the log of the damaged file is among them."""
    project, _, before = two_loads
    add_build(project)
    overwrite(project.warehouse, place_of(project, "facts.fct_big"))
    project.warehouse.with_name("counterweight.duckdb.wal").write_bytes(b"")
    damaged = shutil.move(project.warehouse.parent, tmp_path / "damaged")
    for number in range(1, 20):
        shutil.rmtree(project.warehouse.parent, ignore_errors=True)
        shutil.copytree(damaged, project.warehouse.parent)
        status = killed_in_its_touch(project, number)
        with project.lock():
            if recovery.damage(project, duckdb.IOException()):
                recovery.mend(project)
        assert raw(project) == before
        kept = sorted(path.name for path in project.warehouse.parent.glob("*damaged*.duckdb"))
        assert kept == ["counterweight.damaged-1.duckdb"]
        if status == 0:
            break
    assert number > 5


def killed_in_its_touch(project, number):
    """How a process ended that mends, and kills itself at that touch of the disk, if there are so many."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    calls = []

    def killing(function):
        def wrapped(*arguments, **options):
            calls.append(1)
            if len(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return wrapped

    try:
        for name in ("link", "replace", "unlink", "fsync"):
            setattr(os, name, killing(getattr(os, name)))
        recovery.mend(project)
    finally:
        os._exit(0)


def test_a_secret_salt_is_never_replaced_by_another(two_loads, tmp_path, monkeypatch):
    project = Project(ROOT, tmp_path / "secret" / "counterweight.duckdb", tmp_path / "secret_published")
    pair = log(tmp_path, "a", count=5)
    monkeypatch.setenv(salt.SALT_VARIABLE, SECRET)
    load(project, None, [pair])
    publish_books(project)
    os.truncate(project.warehouse, 0)
    monkeypatch.delenv(salt.SALT_VARIABLE)
    with pytest.raises(InputError, match="begun with a secret one: set COUNTERWEIGHT_SALT to that"):
        recovery.mend(project)
    monkeypatch.setenv(salt.SALT_VARIABLE, "another")
    with pytest.raises(InputError, match="is not the one this warehouse was begun with"):
        recovery.mend(project)
    note = project.warehouse.with_suffix(".salt-check")
    assert SECRET not in note.read_text()
    assert note.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv(salt.SALT_VARIABLE, SECRET)
    recovery.mend(project)
    monkeypatch.delenv(salt.SALT_VARIABLE)
    load(project, None, [pair])
    assert ask(project, "select salt from private.salt") == [(SECRET,)]


def test_a_salt_of_which_nothing_is_known_is_asked_for(two_loads, monkeypatch):
    """A warehouse of an older version. The development salt must be said, or no one would know that it was one."""
    project, pairs, _ = two_loads
    publish_books(project)
    os.truncate(project.warehouse, 0)
    project.warehouse.with_suffix(".salt-check").unlink()
    with pytest.raises(InputError, match=f"where none was set, that is {salt.DEVELOPMENT_SALT}"):
        recovery.mend(project)
    monkeypatch.setenv(salt.SALT_VARIABLE, salt.DEVELOPMENT_SALT)
    recovery.mend(project)
    load(project, None, pairs)


def test_a_file_that_was_never_a_warehouse_is_left_alone(tmp_path, monkeypatch):
    export = tmp_path / "export.dat"
    export.write_text("a,b\n1,2\n")
    project = Project(ROOT, export, tmp_path / "published")
    outcome = invoke(project, monkeypatch, "run", log(tmp_path, "a", count=3))
    assert outcome.exit_code == 2
    assert "It was left as it is" in outcome.output
    assert export.read_text() == "a,b\n1,2\n"
    outcome = invoke(Project(ROOT, tmp_path, project.published), monkeypatch, "run")
    assert outcome.exit_code == 2
    assert "is a folder. COUNTERWEIGHT_WAREHOUSE wants the name of a file" in outcome.output


def test_a_path_with_lock_in_it_is_not_taken_for_a_lock(tmp_path):
    project = Project(ROOT, tmp_path / "blocked" / "counterweight.duckdb", tmp_path / "published")
    project.warehouse.parent.mkdir()
    project.warehouse.write_bytes(b"x" * 9000)
    with pytest.raises(DamagedError):
        project.connect()


# ---- a full disk


def limited(project, size, *arguments):
    """The program, which may write no file larger than that. Returns its exit code and what it said."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    outcome = subprocess.run(
        [sys.executable, "-c", "from counterweight.cli import main; main()", "--project-dir", str(ROOT), *arguments],
        env=os.environ | {WAREHOUSE_VARIABLE: str(project.warehouse), PUBLISHED_VARIABLE: str(project.published)},
        preexec_fn=limit, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return outcome.returncode, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_load_for_which_there_is_no_room_says_so_and_the_next_is_right(two_loads, tmp_path, share):
    project, pairs, before = two_loads
    size = project.warehouse.stat().st_size
    other = Project(ROOT, tmp_path / "small" / "counterweight.duckdb", tmp_path / "published")
    code, text = limited(other, int(size * share), "load", *pairs)
    assert (code, "There is no room to write" in text, "Traceback" in text) == (1, True, False), text
    load(other, None, pairs)
    assert raw(other) == before


def test_a_disk_that_is_full_is_told_with_what_is_left(two_loads, tmp_path, monkeypatch):
    if os.geteuid():
        pytest.skip("only root can make a small disk")
    project, pairs, before = two_loads
    disk = tmp_path / "disk"
    disk.mkdir()
    size = project.warehouse.stat().st_size // 1024 // 2
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], check=False).returncode:
        pytest.skip("no small disk can be made here")
    try:
        small = Project(ROOT, disk / "counterweight.duckdb", tmp_path / "published")
        outcome = invoke(small, monkeypatch, "load", *pairs)
        assert outcome.exit_code == 1
        assert "No space left on device" in outcome.output
        assert f" MB in {disk}" in outcome.output
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        load(small, None, pairs)
        assert raw(small) == before
    finally:
        subprocess.run(["umount", disk], check=False)
