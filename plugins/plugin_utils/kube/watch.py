"""Follow collections of a namespace by list and watch, so that every change is known as it happens.

Each collection has a thread and a connection of its own. A watch that ends goes on from where it was; one that is told
that this is too old (410), or that meets a fault, begins again with a list. Nobody polls, unless watching is forbidden.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from .client import KubeClient
from .errors import (
    BusyError,
    ConnectionFailedError,
    ForbiddenError,
    GoneError,
    KubeError,
    NotFoundError,
)

Object = dict[str, Any]

# A connection whose other end vanished without a word is noticed after this long, at the latest.
WATCH_SECONDS = 30
# Between two attempts to reach a server that gave none or a wrong answer.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
# Where reading is allowed and watching is not.
POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Source:
    """A collection: its path, what of it is listed, what of it is watched, and whether one can do without it."""

    name: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    watched: dict[str, str] | None = None
    optional: bool = False


@dataclass
class _Followed:
    """What is known of a collection."""

    source: Source
    items: dict[str, Object] = field(default_factory=dict)
    listed: bool = False
    faulty_since: float | None = None
    fault: KubeError | None = None
    fatal: bool = False
    # Seconds of all faults that are over.
    missed: float = 0.0


class Informer:
    """What the sources hold now; `wait` returns as soon as that changes."""

    def __init__(self, client: KubeClient, sources: list[Source], clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is asked before the mirror is entered."""
        self._clock = clock
        self._changed = threading.Condition()
        self._version = 0
        self._stopped = threading.Event()
        self._followed = {source.name: _Followed(source) for source in sources}
        self._clients = {source.name: client.twin() for source in sources}

    def __enter__(self) -> Self:
        """Begin to follow."""
        for name in self._followed:
            threading.Thread(target=self._follow, args=(name,), name=f"watch-{name}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop; the threads end by themselves."""
        self._stopped.set()
        for client in self._clients.values():
            client.hang_up()

    def wait(self, seen: int, seconds: float) -> int:
        """Block until there is news since `seen`, or so many seconds; return what is seen now."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, timeout=max(0.0, seconds))
            return self._version

    def items(self, name: str) -> list[Object]:
        """The objects of a source, as last heard."""
        with self._changed:
            return list(self._followed[name].items.values())

    def complete(self) -> bool:
        """Whether every source that is needed has been listed."""
        with self._changed:
            return all(one.listed or one.source.optional for one in self._followed.values())

    def fault(self) -> tuple[KubeError, float] | None:
        """The fault that keeps a needed source from being followed, and for how long; a fatal one lasts for ever."""
        with self._changed:
            for one in self._followed.values():
                if one.fault and not one.source.optional:
                    lasted = self._clock() - (one.faulty_since if one.faulty_since is not None else self._clock())
                    return one.fault, float("inf") if one.fatal else lasted
        return None

    def missed(self) -> float:
        """For how many seconds, in all, a needed source could not be followed, of faults that are over."""
        with self._changed:
            return max((one.missed for one in self._followed.values() if not one.source.optional), default=0.0)

    def _follow(self, name: str) -> None:
        followed, client, pause = self._followed[name], self._clients[name], FIRST_PAUSE
        while not self._stopped.is_set():
            listed = False
            try:
                version = self._list(followed, client)
                listed = True
                while not self._stopped.is_set():
                    began = self._clock()
                    version = self._watch(followed, client, version)
                    pause = FIRST_PAUSE
                    if self._clock() - began < FIRST_PAUSE:
                        # Somebody between us and the server ends watches at once: no reason to hurry.
                        self._stopped.wait(POLL_SECONDS)
            except GoneError:
                # Too old, which a new list cures; but a proxy may say so for ever.
                self._stopped.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            except NotFoundError as error:
                self._failed(followed, error, fatal=True)
                return
            except KubeError as error:
                if listed and isinstance(error, ForbiddenError):
                    # Reading is allowed and watching is not.
                    self._stopped.wait(POLL_SECONDS)
                    continue
                # A server that starts refuses those whom it does not know yet (401, 403): nothing says for how long.
                self._failed(followed, error)
                asked = error.retry_after if isinstance(error, BusyError) else None
                self._stopped.wait(pause if asked is None else min(asked, LONGEST_PAUSE))
                pause = min(2 * pause, LONGEST_PAUSE)
                if isinstance(error, ConnectionFailedError):
                    client.close()

    def _list(self, followed: _Followed, client: KubeClient) -> str:
        source = followed.source
        listed = client.get(source.path, **source.query)
        items = {str(item["metadata"]["uid"]): item for item in listed.get("items") or []}
        with self._changed:
            news = not followed.listed or items != followed.items or followed.fault
            if followed.faulty_since is not None:
                followed.missed += self._clock() - followed.faulty_since
            followed.items, followed.listed = items, True
            followed.fault, followed.faulty_since = None, None
            if news:
                self._tell()
        return str(listed["metadata"].get("resourceVersion", ""))

    def _watch(self, followed: _Followed, client: KubeClient, version: str) -> str:
        source = followed.source
        query = (source.query if source.watched is None else source.watched) | {
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
        }
        for event in client.watch(source.path, WATCH_SECONDS, **query):
            item = event["object"]
            version = str(item["metadata"].get("resourceVersion", version))
            if event["type"] == "BOOKMARK":
                continue
            with self._changed:
                if event["type"] == "DELETED":
                    followed.items.pop(str(item["metadata"]["uid"]), None)
                else:
                    followed.items[str(item["metadata"]["uid"])] = item
                self._tell()
            if self._stopped.is_set():
                break
        return version

    def _failed(self, followed: _Followed, error: KubeError, fatal: bool = False) -> None:
        with self._changed:
            if followed.faulty_since is None:
                followed.faulty_since = self._clock()
            followed.fault, followed.fatal = error, fatal
            self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()
