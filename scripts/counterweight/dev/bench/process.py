"""A step of the bench as a child process: what it took, as the kernel says."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path


def run(arguments, log, environment=None, most_bytes=None):
    """Run a module of this package in a child; {wall, cpu, peak memory, exit code}. Its output goes to the file `log`.

    A child that dies is a result like any other. One that takes more than `most_bytes` of memory is killed, before
    the kernel chooses whom to kill; `is_too_big` says so.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("ab") as output:
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})},
        )  # fmt: skip
        ended = threading.Event()
        too_big = threading.Event()
        if most_bytes:
            watch = (child, most_bytes, ended, too_big)
            threading.Thread(target=_watch, args=watch, daemon=True).start()
        try:
            _, status, used = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            ended.set()
    code = child.returncode = os.waitstatus_to_exitcode(status)
    return {
        "wall_seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
        # in KiB on Linux, in bytes on macOS
        "peak_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "exit_code": code,
        **({"is_too_big": True} if too_big.is_set() else {}),
    }


def _watch(child, most_bytes, ended, too_big):
    """Kill the child once it is too big. Where there is no /proc, nobody looks."""
    while not ended.wait(0.2):
        try:
            pages = int(Path(f"/proc/{child.pid}/statm").read_text().split()[1])
        except (OSError, ValueError):
            return
        if pages * os.sysconf("SC_PAGE_SIZE") > most_bytes:
            too_big.set()
            child.kill()
            return


def last_lines(log, count=3):
    """The end of what a child said, for a sentence about its end."""
    lines = [line.strip() for line in Path(log).read_text(encoding="utf-8", errors="replace").splitlines()]
    return " ".join([line for line in lines if line][-count:])[:400]
