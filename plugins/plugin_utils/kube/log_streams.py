"""The logs of all containers of the Pods that a selector names, as they are written; Pods may come and go meanwhile.

Each container has a thread and a connection of its own. A connection that ends before its container does is made again,
from the last line on.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .client import KubeClient
from .errors import ApiError, ForbiddenError, KubeError
from .watch import Informer, Source

Object = dict[str, Any]

# A container that says nothing for so long is asked again: what lies between may have dropped the connection.
QUIET_SECONDS = 60
# Between two attempts to follow a container that runs.
AGAIN_SECONDS = 1.0
# Whoever writes faster than it can be read waits.
WAITING_LINES = 1000

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")


@dataclass(frozen=True)
class Line:
    """What a container has said."""

    pod: str
    container: str
    stamp: str
    text: str


@dataclass(frozen=True)
class Started:
    """A container as it was started once: what it says after a restart is another log."""

    pod: str
    uid: str
    container: str
    restarts: int


@dataclass
class _Stream:
    client: KubeClient
    since: str = ""
    ended: float | None = None
    fault: KubeError | None = None
    over: bool = False


@dataclass
class LogStreams:
    """Follows the containers; `admit` is called before the first line of Pods is read, and may refuse."""

    client: KubeClient
    namespace: str
    selector: str
    chosen: Callable[[str], bool]
    admit: Callable[[list[Object]], None]
    # The Pods that are known to whoever reads: what differs from them is told.
    names: set[str]
    # By Pod and container: the stamp of the last line that is known.
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nobody is asked yet."""
        self._heard: queue.Queue[Line | None] = queue.Queue(WAITING_LINES)
        self._stopped = threading.Event()
        self._streams: dict[Started, _Stream] = {}
        self._fault = ""

    def follow(self) -> Iterator[Line | str]:
        """Lines, and what is to be told of Pods in between; without an end."""
        pods = Source("pods", f"/api/v1/namespaces/{self.namespace}/pods", {"labelSelector": self.selector})
        with Informer(self.client, [pods]) as informer:
            threading.Thread(target=self._wake, args=(informer,), name="news", daemon=True).start()
            try:
                while True:
                    yield from self._look(informer)
                    yield from self._until_news()
            finally:
                self._stopped.set()
                for stream in self._streams.values():
                    stream.client.hang_up()

    def _wake(self, informer: Informer) -> None:
        seen = 0
        while not self._stopped.is_set():
            now = informer.wait(seen, AGAIN_SECONDS)
            if now != seen:
                seen = now
                self._heard.put(None)

    def _until_news(self) -> Iterator[Line]:
        end = time.monotonic() + AGAIN_SECONDS
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._heard.get(timeout=left)
            except queue.Empty:
                return
            if line is None:
                return
            yield line

    def _look(self, informer: Informer) -> Iterator[str]:
        """What has changed: Pods that came and went, and containers to be followed."""
        found = informer.fault()
        if (fault := str(found[0]) if found else "") != self._fault:
            self._fault = fault
            if fault:
                yield f"{fault} Going on when it responds again."
        if not informer.complete():
            return
        pods = {str(pod["metadata"]["name"]): pod for pod in informer.items("pods")}
        yield from [f"Pod {name} is new" for name in sorted(set(pods) - self.names)]
        yield from [f"Pod {name} is gone" for name in sorted(self.names - set(pods))]
        self.names = set(pods)
        todo = [one for pod in pods.values() for one in self._started(pod) if self._is_due(one, pod)]
        if todo:
            self.admit([pods[name] for name in sorted({one.pod for one in todo})])
        for one in todo:
            self._open(one)

    def _started(self, pod: Object) -> Iterator[Started]:
        name, uid = str(pod["metadata"]["name"]), str(pod["metadata"]["uid"])
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            now, last = status.get("state") or {}, status.get("lastState") or {}
            if self.chosen(str(status["name"])) and ("running" in now or "terminated" in now or "terminated" in last):
                yield Started(name, uid, str(status["name"]), int(status.get("restartCount") or 0))

    def _is_due(self, one: Started, pod: Object) -> bool:
        """Whether the log is to be opened: the first time, or again where it has ended before its container did."""
        stream = self._streams.get(one)
        if stream is None:
            return True
        if stream.ended is None or stream.over:
            return False
        if isinstance(stream.fault, ForbiddenError):
            raise stream.fault
        states = {str(item["name"]): item.get("state") or {} for item in pod["status"]["containerStatuses"]}
        stream.over = stream.fault is None and "running" not in states[one.container]
        return not stream.over and time.monotonic() - stream.ended >= AGAIN_SECONDS

    def _open(self, one: Started) -> None:
        before = self._streams.get(one)
        since = before.since if before else self.known.pop((one.pod, one.container), "")
        stream = self._streams[one] = _Stream(self.client.twin(), since)
        threading.Thread(target=self._read, args=(one, stream), name=f"log-{one.pod}", daemon=True).start()

    def _read(self, one: Started, stream: _Stream) -> None:
        """In a thread of its own: every line until the server ends it."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{one.pod}/log"
        query = {"container": one.container, "timestamps": "true", "follow": "true"}
        # To the second, so what is known already comes once more.
        query |= {"sinceTime": stream.since} if stream.since else {}
        try:
            for raw in stream.client.lines(path, QUIET_SECONDS, **query):
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                stamp, _, text = line.partition(" ")
                if not _STAMP.match(stamp):
                    # What the node has to say of the log.
                    stamp, text = "", line
                if self._stopped.is_set():
                    return
                if stamp > stream.since or (line and not stamp):
                    stream.since = stamp or stream.since
                    self._heard.put(Line(one.pod, one.container, stamp, text))
        except KubeError as error:
            # It has not started yet, or is gone: the Pod's status tells.
            stream.fault = None if isinstance(error, ApiError) and error.status in (400, 404) else error
        stream.ended = time.monotonic()
