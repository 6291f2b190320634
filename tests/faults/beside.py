"""Something that is done again and again, beside what a test does."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self


class Beside:
    """Does something again and again, beside what the block does, until it ends or there is no more to do."""

    def __init__(self, interval: float) -> None:
        """`interval` is in seconds."""
        self.interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(self.interval) and self.once():
            pass

    def once(self) -> bool:
        """One time; whether there is more to do."""
        raise NotImplementedError
