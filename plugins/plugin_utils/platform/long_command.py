"""Run a long command on the controller, its output in a log, and report that it moves."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..redaction.hidden_environment import inherited

REPORT_EVERY_SECONDS = 15
KEPT_LINES = 200


@dataclass(frozen=True)
class Done:
    """How a command ended: its status, how many lines it printed, the last of them, and how many seconds it took."""

    status: int
    lines: int
    tail: list[str]
    seconds: int


@dataclass(frozen=True)
class LongCommand:
    """A command, what it does in words, and where its output goes.

    `lines` is how many it prints when all goes well, for a report of how far it is; 0 where nobody knows.
    """

    label: str
    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    lines: int = 0

    def run(self, say: Callable[[str], None]) -> Done:
        """Run it to its end, whatever that is; `say` gets a line now and then."""
        started = reported = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        count, tail = 0, deque[str](maxlen=KEPT_LINES)
        with (
            self.log.open("w", encoding="utf-8") as sink,
            subprocess.Popen(
                # Ended with the run: nobody waits for it then. Not by INT, which what runs in the background ignores.
                ["setpriv", "--pdeathsig", "TERM", "--", *self.argv],
                cwd=self.folder,
                env=inherited(os.environ) | dict(self.environment),
                # Nobody answers it; and Ansible's own input may be one that does not block.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            for count, line in enumerate(process.stdout or (), start=1):
                sink.write(line)
                tail.append(line.rstrip())
                if time.monotonic() - reported >= REPORT_EVERY_SECONDS:
                    reported = time.monotonic()
                    share = f"{min(99, 100 * count // self.lines)} % after " if self.lines else ""
                    say(f"  {self.label}: {share}{int(reported - started)} s")
        return Done(process.returncode, count, list(tail), round(time.monotonic() - started))
