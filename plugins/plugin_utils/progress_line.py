"""That a long stage moves: a line that is drawn over again on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import Any

from ansible.utils.display import Display

from .console.progress import duration

# On a terminal the line is drawn this often; elsewhere a line comes after that long without any other.
FRAME_SECONDS = 0.5
QUIET_SECONDS = 15.0
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
CLEAR = "\r\x1b[K"


def moving(stage: str, seconds: float, expected: float | None) -> str:
    """How long the stage has taken, and what is left where earlier runs tell."""
    told = f"{stage}: {duration(seconds)} so far"
    if expected is None:
        return told
    left = expected - seconds
    return f"{told}, about {duration(left)} left" if left >= 1 else f"{told}, usually {duration(expected)}"


class ProgressLine:
    """Draws from a thread of its own, for the main one waits for a task.

    Ansible holds the display's lock while it forks, and so does whatever is written here: no child inherits a lock that
    is held.
    """

    def __init__(self, display: Display, live: bool) -> None:
        """`live` where a line can be drawn over."""
        self.display, self.live = display, live
        self.stage, self.since = "", 0.0
        self.expected: float | None = None
        self.said, self.drawn, self.frame = 0.0, False, 0
        self.owner = os.getpid()
        self.thread: threading.Thread | None = None
        self.ended = threading.Event()

    def attach(self) -> None:
        """From here on whatever is displayed clears the line first, and counts as a sign of life itself."""
        shown = self.display.display

        def display(*arguments: Any, **options: Any) -> None:
            # In a worker this is only passed on to the process that draws.
            if os.getpid() == self.owner:
                self.clear()
                self.said = time.monotonic()
            shown(*arguments, **options)

        vars(self.display)["display"] = display

    def begin(self, stage: str, expected: float | None) -> None:
        """A stage begins that may take long."""
        self.since = self.said = time.monotonic()
        self.expected = expected
        self.stage = stage
        if self.thread is None:
            self.thread = threading.Thread(target=self.run, daemon=True)
            self.thread.start()

    def end(self) -> None:
        """It is over."""
        self.stage = ""
        self.clear()

    def stop(self) -> None:
        """Nothing is drawn any more."""
        self.end()
        self.ended.set()

    def run(self) -> None:
        """Look again and again whether there is something to draw."""
        while not self.ended.wait(FRAME_SECONDS):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Draw the line again, or say something where nothing was said for long."""
        stage = self.stage
        if not stage:
            return
        line = moving(stage, now - self.since, self.expected)
        if self.live:
            self.draw(f"  {FRAMES[self.frame % len(FRAMES)]} {line}")
            self.frame += 1
        elif now - self.said >= QUIET_SECONDS:
            self.display.display(f"  {line}")
            self.said = now

    def draw(self, line: str) -> None:
        """Over the line that was drawn before, and no longer than the terminal is wide."""
        with self.display._lock:
            if self.stage:
                sys.stdout.write(CLEAR + line[: shutil.get_terminal_size().columns - 1])
                sys.stdout.flush()
                self.drawn = True

    def clear(self) -> None:
        """Leave nothing of it."""
        with self.display._lock:
            if self.drawn:
                sys.stdout.write(CLEAR)
                sys.stdout.flush()
                self.drawn = False
