"""That a long stage moves: on a terminal a line that is drawn over, elsewhere a line now and then."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.progress_line import CLEAR, ProgressLine, moving

from test_progress import environment, prepare

INTERPRETER = "ansible_python_interpreter={{ ansible_playbook_python }}"


class Screen:
    """What Ansible's display is to it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.lines: list[str] = []

    def display(self, text: str, **_: Any) -> None:
        self.lines.append(text)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def alive(screen: Any, live: bool) -> ProgressLine:
    made = ProgressLine(screen, live)
    made.attach()
    # Without its thread: a test says when it looks.
    made.thread = threading.current_thread()
    return made


def test_elsewhere_a_line_comes_when_nothing_else_did(screen: Screen) -> None:
    made = alive(screen, live=False)
    made.begin("build", 60.0)
    began = made.since
    made.look(began + 14)
    assert screen.lines == []
    made.look(began + 15)
    made.look(began + 16)
    assert screen.lines == ["  build: 15 s so far, about 45 s left"]
    screen.display("  something else")
    made.said = began + 29
    made.look(began + 31)
    assert len(screen.lines) == 2
    made.end()
    made.look(began + 90)
    assert len(screen.lines) == 2


def test_on_a_terminal_the_line_is_gone_before_anything_else_comes(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    made = alive(screen, live=True)
    made.begin("rollout", None)
    made.look(made.since + 3)
    made.look(made.since + 4)
    screen.display("  3/3 ready")
    made.end()
    drawn = capsys.readouterr().out
    assert [part[4:] for part in drawn.split(CLEAR)] == ["", "rollout: 3 s so far", "rollout: 4 s so far", ""]
    assert screen.lines == ["  3/3 ready"]


@pytest.mark.parametrize(
    ("seconds", "expected", "text"),
    [
        (12, None, "build: 12 s so far"),
        (12, 40.0, "build: 12 s so far, about 28 s left"),
        (41, 40.0, "build: 41 s so far, usually 40 s"),
        (130, 400.0, "build: 2 min 10 s so far, about 4 min 30 s left"),
    ],
)
def test_what_is_told(seconds: float, expected: float | None, text: str) -> None:
    assert moving("build", seconds, expected) == text


def test_a_run_on_a_terminal(tmp_path: Path) -> None:
    prepare(tmp_path, pause=True)
    master, slave = pty.openpty()
    command = ["ansible-playbook", "-i", "localhost,", "play.yml", "-e", "good=true", "-e", INTERPRETER]
    own = environment(tmp_path) | {"TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, cwd=tmp_path, env=own, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        seen = b""
        with contextlib.suppress(OSError):
            while part := os.read(master, 4096):
                seen += part
    os.close(master)
    text = seen.decode()
    assert process.returncode == 0, text
    assert "publish: 1 s so far" in text
    # What stays on the screen is what a file would get.
    kept = [line.rpartition(CLEAR)[2] for line in text.replace("\r\n", "\n").split("\n")]
    assert not [line for line in kept if "so far" in line]
    assert [line.split()[1] for line in kept if line.startswith("✓")] == ["publish", "rollout"]
