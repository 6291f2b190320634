"""Send requests to endpoints, over one kept connection."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..kube.websocket import accepted, handshake
from . import tls
from .answer import Answer
from .endpoints import SWITCHED, quoted
from .request import Endpoint, Request

Connect = Callable[[], http.client.HTTPConnection]


class NamedConnection(http.client.HTTPSConnection):
    """TLS with a server whose name is not where it is reached, as `curl --resolve` does it."""

    def __init__(self, address: str, port: int, name: str, timeout: float, trusted: ssl.SSLContext) -> None:
        """Nothing is sent yet."""
        super().__init__(address, port, timeout=timeout)
        self._address, self._name, self._limit, self._tls = (address, port), name, timeout, trusted

    def connect(self) -> None:
        """Connect to the address; the name is what the server is told, and what its certificate must be for."""
        plain = socket.create_connection(self._address, self._limit)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)
        except BaseException:
            plain.close()
            raise


class Line:
    """One kept connection, whoever is at its other end."""

    def __init__(self, connect: Connect, prefix: str = "", host: str = "") -> None:
        """Connects at the first request."""
        self.make, self.prefix = connect, prefix
        self.headers = {"Host": host} if host else {}
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, request: Request) -> Answer:
        """One request; trouble is an answer, too."""
        if request.alone:
            self.close()
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                return self._exchange(request)
            except (http.client.HTTPException, OSError, ValueError) as error:
                self.close()
                # A kept connection may have been closed by the other side: ask once more on a new one.
                if fresh or attempt == 2:
                    return self.failed(error)
        return Answer(error="no response")

    def failed(self, error: Exception) -> Answer:
        """The answer that stands for none."""
        return Answer(error=f"no response ({error or type(error).__name__})")

    def close(self) -> None:
        """Drop the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _exchange(self, request: Request) -> Answer:
        began = time.monotonic()
        if self.connection is None:
            self.connection = self.make()
        upgrade = handshake() if request.websocket else {}
        headers = {name: value.encode() for name, value in (self.headers | request.headers | upgrade).items()}
        self.connection.request(request.method, self.prefix + quoted(request.path), request.body, headers)
        response = self.connection.getresponse()
        if request.websocket and response.status == SWITCHED:
            # What follows is another protocol: nothing else is requested over it.
            answer = switched(response, upgrade["Sec-WebSocket-Key"])
            self.close()
        else:
            answer = read(response)
        return replace(answer, seconds=time.monotonic() - began)


def read(response: http.client.HTTPResponse) -> Answer:
    """A whole response."""
    body = response.read().decode("utf-8", "replace")
    return Answer(response.status, body, kind=response.getheader("Content-Type") or "", headers=headers_of(response))


def switched(response: http.client.HTTPResponse, key: str) -> Answer:
    """The response to a handshake: whoever has sent it has read the key."""
    found = headers_of(response)
    right = found.get("sec-websocket-accept") == accepted(key) and found.get("upgrade", "").lower() == "websocket"
    flaw = "" if right else "its Sec-WebSocket-Accept is not that of this request"
    return Answer(response.status, headers=found, flaw=flaw)


def headers_of(response: http.client.HTTPResponse) -> dict[str, str]:
    """The headers by name in lower case."""
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        between = "\n" if key == "set-cookie" else ", "
        found[key] = f"{found[key]}{between}{value}" if key in found else value
    return found


class Asker(Line):
    """Requests below one URL, as users send them."""

    def __init__(
        self, base_url: str, host: str = "", trusted: bool = True, timeout: float = 10.0, authorities: str = ""
    ) -> None:
        """With `host`, the URL only says where: it is the name that is requested."""
        self.base = urllib.parse.urlsplit(base_url)
        if self.base.scheme not in ("http", "https") or not self.base.hostname:
            raise ValueError(f"{base_url} is not an http(s) URL (app_base_url)")
        super().__init__(self._connect, quoted(self.base.path.rstrip("/")), host)
        self.name = (urllib.parse.urlsplit(f"//{host}").hostname if host else "") or self.base.hostname
        self.trusted, self.timeout, self.authorities = trusted, timeout, authorities
        # When the certificate ends that was met, in seconds since 1970; 0 where there was none, or none was checked.
        self.ends = 0.0

    @classmethod
    def of(cls, arguments: Mapping[str, Any], timeout: float = 10.0) -> Asker:
        """As an action is given it; raises ValueError for a URL that is none."""
        given = str(arguments.get("ca_file") or "")
        authorities = str(Path(given).expanduser()) if given else ""
        return cls(arguments["base_url"], arguments["host"], arguments["validate_certs"], timeout, authorities)

    def get(self, path: str) -> Answer:
        """GET a path, and nothing with it."""
        return self.ask(Request(path))

    def send(self, request: Request, _: Endpoint) -> Answer:
        """As a session sends: to users' door it is the same for every endpoint."""
        return self.ask(request)

    def warnings(self) -> list[str]:
        """What users do not feel yet."""
        told = tls.warning(self.name, self.ends)
        return [told] if told else []

    def failed(self, error: Exception) -> Answer:
        """Of a certificate that is not trusted, what it is."""
        kind = tls.distrusted(error)
        if not kind:
            return super().failed(error)
        told = tls.described(kind, (self.base.hostname or "", self._port()), self.name, self.timeout)
        return Answer(error=f"no response ({error}{f'; {told}' if told else ''})", distrust=kind)

    def _port(self) -> int:
        return self.base.port or (443 if self.base.scheme == "https" else 80)

    def _connect(self) -> http.client.HTTPConnection:
        host = self.base.hostname or ""
        if self.base.scheme == "http":
            return http.client.HTTPConnection(host, self._port(), timeout=self.timeout)
        trusted = tls.trust(self.trusted, self.authorities)
        connection = NamedConnection(host, self._port(), self.name, self.timeout, trusted)
        connection.connect()
        self.ends = tls.ends(connection.sock)
        return connection
