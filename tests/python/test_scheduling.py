"""docs/scheduling.md: the exit codes are those of the program, and the script sends a notice where it should."""

import os
import re
import subprocess

import pytest

from conftest import ROOT
from counterweight.cli import EXIT_CODES

PAGE = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
SCRIPT = re.search(r"```sh\n(#!/bin/sh\n.*?)```", PAGE, re.DOTALL).group(1)


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def nightly(tmp_path):
    """A function that runs the script where `counterweight` ends with a code: its own code, what it sent and said."""

    def run(code):
        program(tmp_path / "nightly.sh", SCRIPT)
        program(
            tmp_path / ".venv" / "bin" / "counterweight",
            f'#!/bin/sh\necho "$COUNTERWEIGHT_SALT runs $*"\necho "what went wrong" >&2\nexit {code}\n',
        )
        program(tmp_path / "bin" / "mail", f'#!/bin/sh\n{{ echo "$@"; cat; }} > {tmp_path}/sent\n')
        (tmp_path / "secrets.env").write_text("export COUNTERWEIGHT_SALT=salted\n")
        environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "DESK": str(tmp_path), "NOTICE": "me@desk"}
        done = subprocess.run([tmp_path / "nightly.sh"], env=environment, capture_output=True, text=True)
        sent = tmp_path / "sent"
        return done.returncode, sent.read_text() if sent.exists() else None, done.stdout + done.stderr

    return run


def test_a_good_night_is_silent(nightly):
    assert nightly(0) == (0, None, "")


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        (1, "the run failed"),
        (2, "a setting or a file cannot be used"),
        (3, "the audit found a defect, nothing was published"),
        (4, "the last run is still at work"),
    ],
)
def test_a_bad_night_sends_a_notice_with_the_end_of_the_log(nightly, code, subject):
    returned, sent, said = nightly(code)
    assert (returned, said) == (code, "")
    assert sent.startswith(f"-s Counterweight: {subject} me@desk\nReaders keep the last good build. Exit code {code}")
    assert sent.endswith("salted runs run canonical=inbox\nwhat went wrong\n")


def test_the_exit_codes_are_those_of_the_program():
    shown = dict(re.findall(r"^\| (\d) \| ([^|]+) \|", PAGE, re.MULTILINE))
    known = dict(re.findall(r"^\s+(\d)\s+(.+)$", EXIT_CODES, re.MULTILINE))
    assert shown.keys() == known.keys()
    for code, words in known.items():
        assert words.split(";")[0].split()[0] in shown[code]
