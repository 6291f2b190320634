"""A connection to a port of a Pod, through the API server: as if from the Pod itself, and read by nobody.

The proxy of the API server takes a request apart: it keeps the header Authorization for itself, and wants a right for
each method. A port that is forwarded carries bytes. This is the protocol for it that servers of all releases speak over
a WebSocket (v4.channel.k8s.io): the first byte of a message is its channel, 0 for the data and 1 for an error.
"""

from __future__ import annotations

import http.client
import io
import socket
import urllib.parse
from typing import TYPE_CHECKING, cast

from ..kube.client import KubeClient
from ..kube.websocket import BINARY, CLOSE, PING, PONG, frame, handshake, read_frame

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
# How much goes into one message.
CHUNK = 32768


class PodSocket:
    """As much of a socket as http.client uses of one; one direction at a time."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        """The API server has changed to the protocol."""
        self.connection, self.incoming = connection, response.fp
        self.begun: set[int] = set()
        self.left = b""

    def sendall(self, data: bytes) -> None:
        """Send bytes to the Pod."""
        for start in range(0, len(data), CHUNK):
            self._write(BINARY, bytes([DATA]) + data[start : start + CHUNK])

    def makefile(self, _: str) -> io.BufferedReader:
        """What the Pod sends, as a file; closing it leaves the connection."""
        return io.BufferedReader(PodStream(self))

    def close(self) -> None:
        """Drop the connection."""
        self.connection.close()

    def receive(self, size: int) -> bytes:
        """So many bytes at most; none at the end."""
        while not self.left:
            kind, payload = read_frame(self.incoming)
            if kind == CLOSE:
                return b""
            if kind == PING:
                self._write(PONG, payload)
            elif payload:
                self.left = self._data(payload[0], payload[1:])
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def _data(self, channel: int, data: bytes) -> bytes:
        if channel not in self.begun:
            # The first message of each only repeats the port.
            self.begun.add(channel)
            return b""
        if channel == ERROR:
            raise ConnectionError(data.decode("utf-8", "replace").strip())
        return data

    def _write(self, kind: int, payload: bytes) -> None:
        self.connection.sock.sendall(frame(kind, payload))


class PodStream(io.RawIOBase):
    """What a Pod sends."""

    def __init__(self, source: PodSocket) -> None:
        """Nothing is read yet."""
        self.source = source

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Some bytes; 0 at the end."""
        view = memoryview(buffer)
        data = self.source.receive(len(view))
        view[: len(data)] = data
        return len(data)


class PodConnection(http.client.HTTPConnection):
    """HTTP with a Pod itself. Raises KubeError, at the first request, where the API server does not let us."""

    def __init__(self, client: KubeClient, namespace: str, pod: str, port: int) -> None:
        """Nothing is sent yet."""
        super().__init__("localhost", port)
        self.client = client
        self.target = f"/api/v1/namespaces/{namespace}/pods/{urllib.parse.quote(pod)}/portforward?ports={port}"

    def connect(self) -> None:
        """Have the port forwarded."""
        found = self.client.upgraded(self.target, handshake() | {"Sec-WebSocket-Protocol": PROTOCOL})
        self.sock = cast(socket.socket, PodSocket(*found))
