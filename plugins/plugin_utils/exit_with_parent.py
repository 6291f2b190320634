"""End with the run that one works for: what is left of a killed Ansible must not go on by itself."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How often the parent is looked for: a system call.
LOOK_SECONDS = 0.5
# What the shell says of a process that was killed.
KILLED = 137


def parent() -> int:
    """Who started this process, even if they are gone by now."""
    known = multiprocessing.parent_process()
    return known.pid if known and known.pid else os.getppid()


@contextmanager
def exit_with_parent(look_seconds: float = LOOK_SECONDS) -> Iterator[None]:
    """End this process, at once and without another word, when its parent has ended.

    A task's process is not told when Ansible is killed: it would watch a rollout that nobody waits for, for minutes.
    """
    above, over = parent(), threading.Event()

    def look() -> None:
        while not over.wait(look_seconds):
            if os.getppid() != above:
                os._exit(KILLED)

    threading.Thread(target=look, name="parent", daemon=True).start()
    try:
        yield
    finally:
        over.set()
