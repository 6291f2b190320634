"""Ctrl-C that ends what one task does without end, and not the run: its process returns, and the run ends well.

Ansible's own way ends the run with an error, and its tasks' processes by force.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def until_interrupted() -> Iterator[None]:
    """In the task's process: an interrupt ends what is within, and is over with that."""

    def stop(*_: object) -> None:
        # A terminal may send it to this process as well as to the one that passes it on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
    except BaseException:
        signal.signal(signal.SIGINT, before)
        raise


def pass_on_interrupt() -> Callable[[], None]:
    """In the process that waits for tasks: pass the first interrupt on to theirs. Returns what undoes this.

    The second interrupt is Ansible's own.
    """
    before: Any = signal.getsignal(signal.SIGINT)

    def undo() -> None:
        signal.signal(signal.SIGINT, before)

    def pass_on(*_: object) -> None:
        undo()
        for process in multiprocessing.active_children():
            if process.pid:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)

    signal.signal(signal.SIGINT, pass_on)
    return undo
