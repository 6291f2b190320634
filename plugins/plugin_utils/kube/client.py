"""A small Kubernetes client for the controller: one connection, standard library and PyYAML only.

The official client costs 0.4 s to import and a module task 0.45 s to start. Comparing what runs with what is wanted
needs a few requests only. What is deployed is changed by kubernetes.core; the lock of a run, its revisions, and the
namespace that they are the first to need are written by this.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
import urllib.parse
from collections.abc import Generator, Iterator
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

from .config import Cluster, load_cluster
from .connection import Way
from .credentials import changeable
from .errors import ApiError, BusyError, GoneError, KubeError, NotFoundError
from .kinds import KINDS, root
from .responses import Reply, content, unreachable, where

JSON = "application/json"
# How long a server that asks for patience (429, 503) gets it, in all, for one request; and the wait if it names none.
BUSY_SECONDS = 15.0
BUSY_WAIT = 1.0
# Credentials that the server refuses are renewed, but not again and again.
RENEW_SECONDS = 60.0
# Load balancers and NAT forget a connection that is idle for minutes, and tell nobody.
IDLE_SECONDS = 60.0
APPLY = "application/apply-patch+yaml"

# Where JSON and YAML differ: YAML wants these escaped (they are no text to it, or the end of a line), but knows no
# surrogate pairs, which is how JSON may escape what is beyond 16 bits.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def encoded(body: dict[str, Any]) -> bytes:
    """A body that is JSON and YAML at once, so that one encoding serves both kinds of request."""
    text = json.dumps(body, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


class KubeClient:
    """Requests to one API server over one kept connection."""

    def __init__(self, cluster: Cluster, timeout: float = 20.0) -> None:
        """Connects at the first request."""
        self.cluster = cluster
        self.timeout = timeout
        self._way = Way(cluster)
        self._connection: http.client.HTTPConnection | None = None
        self._used = self._renewed = -RENEW_SECONDS
        self._clock = 0.0
        self._discovered: dict[str, dict[str, tuple[str, bool]]] = {}

    @classmethod
    def from_kubeconfig(cls, kubeconfig: str = "", context: str = "", timeout: float = 20.0) -> KubeClient:
        """A client for the cluster that the kubeconfig and context name."""
        return cls(load_cluster(kubeconfig, context), timeout)

    def twin(self) -> KubeClient:
        """A client of the same cluster with a connection of its own, for another thread."""
        other = KubeClient(self.cluster, self.timeout)
        other._way, other._clock = self._way, self._clock
        return other

    def __enter__(self) -> Self:
        """Connects at the first request."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the connection."""
        self.close()

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET a path and return its JSON object."""
        return self.request("GET", path, query)

    def find(self, path: str, **query: str) -> dict[str, Any] | None:
        """GET a path, None when it is not there."""
        try:
            return self.get(path, **query)
        except NotFoundError:
            return None

    def text(self, path: str, **query: str) -> str:
        """GET a path that answers with plain text, such as a log."""
        reply = self.ask(f"{path}?{urllib.parse.urlencode(query)}")
        if reply.status >= 400:
            content(self.cluster, "GET", path, reply)
        return reply.body.decode("utf-8", "replace")

    def ask(self, target: str, accept: str = "*/*", host: str = "") -> Reply:
        """GET a path with its query, and pass on whatever comes back; only no answer at all is an error."""
        headers = {"Accept": accept} | ({"Host": host} if host else {})
        return self._exchange("GET", self._way.base + target, None, headers)

    def upgraded(
        self, target: str, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A connection of its own that speaks another protocol from now on; whoever gets it closes it.

        Raises what a GET raises.
        """
        connection = self._way.connect(self.timeout)
        try:
            self._way.write(connection, "GET", self._way.base + target, None, headers)
            response = connection.getresponse()
            if response.status == http.client.SWITCHING_PROTOCOLS:
                return connection, response
            reply = Reply(response.status, response.read(), response.headers)
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise unreachable(self.cluster, error, self.timeout) from error
        connection.close()
        content(self.cluster, "GET", target.partition("?")[0], reply)
        raise KubeError(f"{where(self.cluster)} does not change the protocol ({reply.status}).")

    def clock(self) -> float:
        """How many seconds the server's clock is ahead of this machine's, as of its last answer (to the second)."""
        return self._clock

    def watch(self, path: str, seconds: int, **query: str) -> Iterator[dict[str, Any]]:
        """Events of a collection as they come, until the server ends the watch; for a client of its own.

        Raises what a GET raises; GoneError also in mid-stream. Another thread may call `hang_up`.
        """
        query |= {"watch": "true", "timeoutSeconds": str(seconds)}
        with contextlib.closing(self.lines(path, seconds, **query)) as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                except ValueError as error:
                    raise unreachable(self.cluster, error, self.timeout) from error
                if event.get("type") == "ERROR":
                    fault = event.get("object") or {}
                    kind = GoneError if fault.get("code") == 410 else ApiError
                    raise kind(f"{where(self.cluster)}: {fault.get('message')}", int(fault.get("code") or 500))
                yield event

    def lines(self, path: str, seconds: int, **query: str) -> Generator[bytes]:
        """Lines of a response as they come, until the server ends it or says nothing for longer than `seconds`.

        For a client of its own. Raises what a GET raises. Another thread may call `hang_up`.
        """
        target = f"{self._way.base}{path}?{urllib.parse.urlencode(query)}"
        try:
            response = self._streamed(target, seconds)
            if response.status == 401 and self._renew():
                response = self._streamed(target, seconds)
            if response.status >= 400:
                content(self.cluster, "GET", path, Reply(response.status, response.read(), response.headers))
            while line := response.readline():
                yield line
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise unreachable(self.cluster, error, self.timeout) from error
        finally:
            self.close()

    def _streamed(self, target: str, seconds: int) -> http.client.HTTPResponse:
        connection = self._connection = self._way.connect(seconds + self.timeout)
        self._way.write(connection, "GET", target, None, {"Accept": "*/*"})
        return connection.getresponse()

    def hang_up(self) -> None:
        """End a watch that another thread reads: it gets an error or the end at once."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                # Below TLS: the reader sees the end of the stream, not a socket without a session.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def dry_apply(self, path: str, document: dict[str, Any], manager: str) -> dict[str, Any]:
        """What the object would be after a server-side apply; nothing is changed."""
        query = {"dryRun": "All", "fieldManager": manager, "force": "true"}
        return self.request("PATCH", path, query, document, APPLY)

    def dry_replace(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """What the object would be after being replaced as a whole; nothing is changed."""
        return self.request("PUT", path, {"dryRun": "All"}, document)

    def path_of(self, document: dict[str, Any], namespace: str = "") -> str:
        """The path of the object that a manifest describes."""
        api_version, kind = str(document["apiVersion"]), str(document["kind"])
        metadata = document["metadata"]
        plural, namespaced = KINDS.get((api_version, kind)) or self._discover(api_version, kind)
        parts = [root(api_version)]
        if namespaced:
            space = namespace or metadata.get("namespace") or self.cluster.namespace
            parts += ["namespaces", urllib.parse.quote(str(space), safe="")]
        return "/".join([*parts, plural, urllib.parse.quote(str(metadata["name"]), safe="")])

    def _discover(self, api_version: str, kind: str) -> tuple[str, bool]:
        if api_version not in self._discovered:
            listed = self.find(root(api_version)) or {}
            self._discovered[api_version] = {
                item["kind"]: (item["name"], bool(item["namespaced"]))
                for item in listed.get("resources", [])
                if "/" not in item["name"]
            }
        known = self._discovered[api_version].get(kind)
        if known is None:
            raise KubeError(f"{where(self.cluster)} does not serve {api_version} {kind}.")
        return known

    def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = JSON,
    ) -> dict[str, Any]:
        """Send one request, return the JSON object of the answer or raise a KubeError."""
        target = self._way.base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        payload = encoded(body) if body is not None else None
        headers = {"Accept": JSON}
        if payload is not None:
            headers["Content-Type"] = content_type
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return content(self.cluster, method, path, self._exchange(method, target, payload, headers))
            except BusyError as error:
                # A server that is out of breath says when to come again. A POST that got 503 may have been done.
                wait = BUSY_WAIT if error.retry_after is None else error.retry_after
                if time.monotonic() + wait > deadline or (method == "POST" and error.status != 429):
                    raise
                time.sleep(wait)

    def _exchange(self, method: str, target: str, payload: bytes | None, headers: dict[str, str]) -> Reply:
        reply = self._delivered(method, target, payload, headers)
        if reply.status == 401 and self._renew():
            reply = self._delivered(method, target, payload, headers)
        return reply

    def _renew(self) -> bool:
        """Look the credentials up again, which may have ended during the run; whether there are others now."""
        if not changeable(self.cluster.login) or time.monotonic() - self._renewed < RENEW_SECONDS:
            return False
        self._renewed = time.monotonic()
        renewed = self.cluster.renewed()
        if renewed.credentials == self.cluster.credentials:
            return False
        self.close()
        self.cluster, self._way = renewed, Way(renewed)
        return True

    def _delivered(self, method: str, target: str, payload: bytes | None, headers: dict[str, str]) -> Reply:
        if time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
        reused = self._connection is not None
        try:
            return self._send(method, target, payload, headers)
        except TimeoutError as error:
            # What lies between may have dropped the connection without a word; what changes nothing is repeated.
            if not reused or method != "GET":
                raise unreachable(self.cluster, error, self.timeout) from error
        except (http.client.HTTPException, ConnectionResetError, BrokenPipeError) as error:
            # A server may close a kept connection at any time: one new attempt, on a new one.
            if not reused:
                raise unreachable(self.cluster, error, self.timeout) from error
        except OSError as error:
            raise unreachable(self.cluster, error, self.timeout) from error
        try:
            return self._send(method, target, payload, headers)
        except (http.client.HTTPException, OSError) as again:
            raise unreachable(self.cluster, again, self.timeout) from again

    def _send(self, method: str, target: str, payload: bytes | None, headers: dict[str, str]) -> Reply:
        if self._connection is None:
            self._connection = self._way.connect(self.timeout)
        try:
            self._way.write(self._connection, method, target, payload, headers)
            response = self._connection.getresponse()
            reply = Reply(response.status, response.read(), response.headers)
        except (http.client.HTTPException, OSError):
            self.close()
            raise
        self._used = time.monotonic()
        if date := reply.headers.get("Date"):
            with contextlib.suppress(ValueError):
                self._clock = parsedate_to_datetime(date).timestamp() - time.time()
        return reply
