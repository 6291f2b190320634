"""A long command leaves its output in a log, and ends with the run that waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform import long_command
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.long_command import LongCommand

from processes import is_there

STARTED_BY_A_RUN = """
import sys
from pathlib import Path
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.long_command import LongCommand
folder = Path(sys.argv[1])
argv = ["sh", "-c", "echo $$ > pid; exec sleep 60"]
LongCommand("Sleeping", argv, folder, {}, folder / "log/sleep.log").run(print)
"""


def test_what_it_printed_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_command, "REPORT_EVERY_SECONDS", 0)
    told: list[str] = []
    argv = ["sh", "-c", "echo one; echo $WORD >&2; exit 3"]
    done = LongCommand("Working", argv, tmp_path, {"WORD": "two"}, tmp_path / "log/work.log", lines=2).run(told.append)
    assert (done.status, done.lines, done.tail) == (3, 2, ["one", "two"])
    assert (tmp_path / "log/work.log").read_text() == "one\ntwo\n"
    assert told == ["  Working: 50 % after 0 s", "  Working: 99 % after 0 s"]


def test_it_ends_with_the_run(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTED_BY_A_RUN, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    pid = tmp_path / "pid"
    wait_for(lambda: pid.exists() and bool(pid.read_text().strip()))
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_for(lambda: not is_there(int(pid.read_text())))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)
