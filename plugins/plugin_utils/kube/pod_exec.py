"""Run a command in a container of a Pod, through the API server, over a WebSocket.

The protocol (v4.channel.k8s.io) is one that servers of all releases speak: the first byte of a message is its channel,
0 for what the command reads, 1 for what it writes, 2 for its errors, and 3 for how it has ended. It has no word for the
end of what a command reads, which must know how much that is.
"""

from __future__ import annotations

import codecs
import http.client
import json
import select
import time
import urllib.parse
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .client import KubeClient
from .errors import ForbiddenError, KubeError, one_line
from .websocket import BINARY, CLOSE, PING, PONG, TEXT, frame, handshake, read_frame

PROTOCOL = "v4.channel.k8s.io"
IN, OUT, ERR, STATUS = 0, 1, 2, 3
# What is no text has no lines; it would be kept in memory for the end of one.
LONGEST_LINE = 1 << 20


class TimedOutError(KubeError):
    """The command has not ended in time."""


@dataclass(frozen=True)
class Ended:
    """How a command has ended: its exit status, or why it was not started."""

    code: int | None
    message: str = ""


@dataclass(frozen=True)
class Place:
    """A container."""

    namespace: str
    pod: str
    container: str


def execute(
    client: KubeClient, place: Place, command: list[str], seconds: float, given: Iterable[bytes] | None = None
) -> Generator[tuple[int, bytes], None, Ended]:
    """What the command, which reads `given`, writes by channel; returns how it has ended. Raises KubeError."""
    deadline = time.monotonic() + seconds
    query = [("container", place.container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if given is not None else []
    query += [("command", part) for part in command]
    path = f"/api/v1/namespaces/{place.namespace}/pods/{urllib.parse.quote(place.pod)}/exec"
    headers = handshake() | {"Sec-WebSocket-Protocol": PROTOCOL}
    try:
        connection, response = client.upgraded(f"{path}?{urllib.parse.urlencode(query)}", headers)
    except ForbiddenError as error:
        raise KubeError(
            f"{error} It takes the right to get and create pods/exec (of a deployer: -e deployer_exec=true)."
        ) from error
    try:
        return (yield from _messages(connection, response, deadline, iter(given or ())))
    except TimeoutError as error:
        raise TimedOutError(
            f"The command has not ended within {seconds:g} s, and may still run in {place.pod}"
        ) from error
    except (http.client.HTTPException, OSError) as error:
        raise KubeError(
            f"The connection to {place.pod} was lost: {one_line(str(error)) or type(error).__name__}"
        ) from error
    finally:
        connection.close()


def _messages(
    connection: http.client.HTTPConnection,
    response: http.client.HTTPResponse,
    deadline: float,
    given: Iterator[bytes],
) -> Generator[tuple[int, bytes], None, Ended]:
    channel = -1
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.sock.settimeout(left)
        # What the command says counts more than what it has yet to read: it may have given up.
        if not _said(connection) and (piece := next(given, None)):
            connection.sock.sendall(frame(BINARY, bytes([IN]) + piece))
            continue
        kind, payload = read_frame(response.fp)
        if kind == CLOSE:
            raise ConnectionError("it ended before the command did")
        if kind == PING:
            connection.sock.sendall(frame(PONG, payload))
        if kind in (TEXT, BINARY) and payload:
            channel, payload = payload[0], payload[1:]
        elif kind:
            continue
        # What is in several frames goes on with its channel.
        if channel == STATUS and payload:
            return ended(payload)
        if channel in (OUT, ERR) and payload:
            yield channel, payload


def _said(connection: http.client.HTTPConnection) -> bool:
    """Whether there is something to read, behind TLS too."""
    pending = getattr(connection.sock, "pending", lambda: 0)()
    return bool(pending or select.select([connection.sock], [], [], 0)[0])


def ended(payload: bytes) -> Ended:
    """What the server says in the end: a Status whose causes hold the exit status."""
    try:
        status: dict[str, Any] = json.loads(payload)
        if status.get("status") == "Success":
            return Ended(0)
        causes = (status.get("details") or {}).get("causes") or []
        codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
        return Ended(codes[0] if codes else None, one_line(str(status.get("message") or "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Ended(None, one_line(payload.decode("utf-8", "replace")))


class Lines:
    """Bytes that come in pieces, as lines of text."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""

    def add(self, data: bytes) -> list[str]:
        """The lines that are whole by now. Raises KubeError for one that does not end."""
        *whole, self._begun = (self._begun + self._decoder.decode(data)).split("\n")
        if len(self._begun) > LONGEST_LINE:
            raise KubeError("The output of the command is not text: write it to a file with kubectl exec")
        return [line.removesuffix("\r") for line in whole]

    def rest(self) -> list[str]:
        """What has no end of line, at the end."""
        left, self._begun = self._begun + self._decoder.decode(b"", final=True), ""
        return [left] if left else []
