"""A PostgreSQL server for the tests: its own cluster in a temporary folder, on loopback, stopped by its process id."""

import contextlib
import dataclasses
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

USER = "counterweight"
# Where packages put the binaries without adding them to the PATH; the newest version is taken.
FOLDERS = (
    "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)  # fmt: skip
# A desk's own server may be set like this; what is built must not depend on it.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "timezone": "America/New_York",
}


@dataclasses.dataclass(frozen=True)
class Server:
    """Address of a running server, for a user who may create databases."""

    port: int
    password: str
    host: str = "127.0.0.1"
    user: str = USER

    def connect(self, database):
        import psycopg2

        return psycopg2.connect(host=self.host, port=self.port, user=self.user, password=self.password, dbname=database)

    def create_database(self, name):
        """An empty database."""
        with contextlib.closing(self.connect("postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'create database "{name}"')

    def environment(self, database):
        """What profiles.yml reads."""
        return {
            "COUNTERWEIGHT_PG_HOST": self.host,
            "COUNTERWEIGHT_PG_PORT": str(self.port),
            "COUNTERWEIGHT_PG_USER": self.user,
            "COUNTERWEIGHT_PG_PASSWORD": self.password,
            "COUNTERWEIGHT_PG_DATABASE": database,
        }


def what_is_missing():
    """A sentence that says what to install, or None where nothing is missing."""
    if not (importlib.util.find_spec("dbt.adapters.postgres") and importlib.util.find_spec("psycopg2")):
        return "the packages of PostgreSQL are not installed: `make test-engines` installs them"
    if _binaries() is None:
        return (
            "PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql)"
        )
    if os.geteuid() == 0 and not _as_postgres():
        return "PostgreSQL refuses to run as root, and there is no user postgres to run it as"
    return None


@contextlib.contextmanager
def running_server():
    """Server in a cluster of its own, gone afterwards."""
    binaries = _binaries()
    # not below pytest's folder: that one is closed to the user postgres
    folder = Path(tempfile.mkdtemp(prefix="counterweight-postgres-"))
    try:
        password_file = folder / "password"
        password_file.write_text(secrets.token_hex(16))
        if os.geteuid() == 0:
            for path in (folder, password_file):
                shutil.chown(path, "postgres")
        _make_cluster(binaries, folder, password_file)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = [argument for key, value in SETTINGS.items() for argument in ("-c", f"{key}={value}")]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [*_as_postgres(), str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), *settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            )  # fmt: skip
        try:
            server = Server(port=port, password=password_file.read_text())
            _wait_until_it_answers(server, folder)
            yield server
        finally:
            _stop(folder / "data" / "postmaster.pid")
            process.terminate()
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries():
    found = []
    for pattern in FOLDERS:
        found += [path for path in Path("/").glob(pattern.lstrip("/")) if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: [int(digits) for digits in _numbers(str(path))])
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _numbers(text):
    return "".join(character if character.isdigit() else " " for character in text).split() or ["0"]


def _as_postgres():
    """What to put before a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    import pwd

    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return []
    if shutil.which("runuser"):
        return ["runuser", "-u", "postgres", "--"]
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _make_cluster(binaries, folder, password_file):
    command = [
        *_as_postgres(), str(binaries / "initdb"), "-D", str(folder / "data"), "-U", USER, "--encoding=UTF8",
        "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync",
    ]  # fmt: skip
    # Danish sorts "aa" after "z", and no language sorts by bytes: an order that leaned on it would show here.
    outcomes = []
    for locale in (["--locale-provider=icu", "--icu-locale=da", "--locale=C.UTF-8"], ["--locale=C.UTF-8"], []):
        shutil.rmtree(folder / "data", ignore_errors=True)
        outcome = subprocess.run([*command, *locale], capture_output=True, text=True, cwd="/", check=False)
        if outcome.returncode == 0:
            return
        outcomes.append(outcome.stderr)
    raise RuntimeError("initdb failed:\n" + "\n".join(outcomes))


def _wait_until_it_answers(server, folder, seconds=60):
    import psycopg2

    until = time.monotonic() + seconds
    while True:
        try:
            server.connect("postgres").close()
            return
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}") from None
            time.sleep(0.1)


def _stop(pid_file, seconds=30):
    """Fast shutdown, and an immediate one where that takes too long."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().splitlines()[0])
    for sign in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not pid_file.exists():
                return
            time.sleep(0.1)
