"""An API server that is away for a moment is waited for: while it is, nothing is known, and so nothing is judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ..kube.errors import ApiError, ConnectionFailedError, KubeError, NotFoundError, one_line
from .judge import OUTAGE_SECONDS

# How long it may be away in the middle of a rollout: a lone one restarts in half a minute.
OUTAGE = 60.0
PAUSE = 1.0
T = TypeVar("T")


class Outages:
    """Bears them, up to a limit each, and remembers them."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """`show` gets a line when one begins."""
        self.show = show
        # Seconds of all of them; and when the last was over, in seconds since 1970 by this machine's clock.
        self.seconds, self.ended = 0.0, 0.0
        self.told = False

    def bear(self, fault: KubeError, lasted: float) -> None:
        """Raise the fault once it has lasted too long; until then say, once, that it is waited for."""
        if lasted >= OUTAGE:
            raise fault
        if not self.told:
            self.show(f"  {one_line(str(fault), 200)} Waiting for it, at most {OUTAGE:.0f} s.")
            self.told = True

    def over(self, seconds: float) -> None:
        """One has ended, after so long."""
        self.seconds += seconds
        self.told = False
        if seconds >= OUTAGE_SECONDS:
            self.ended = time.time()

    def patiently(self, call: Callable[[], T]) -> T:
        """What the call returns, repeated as long as an outage may last."""
        began = time.monotonic()
        faulty = False
        while True:
            try:
                found = call()
            except KubeError as error:
                if not passes(error):
                    raise
                faulty = True
                self.bear(error, time.monotonic() - began)
                time.sleep(PAUSE)
                continue
            if faulty:
                self.over(time.monotonic() - began)
            return found


def passes(error: KubeError) -> bool:
    """Whether it may be a server that is away or has just begun: such a one refuses those it does not know yet."""
    if isinstance(error, ApiError):
        return not isinstance(error, NotFoundError) and (error.status in (401, 403, 429) or error.status >= 500)
    return isinstance(error, ConnectionFailedError)
