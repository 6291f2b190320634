"""Compare what an endpoint answers with what is expected of it."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 120
MISSING = object()


@dataclass(frozen=True)
class Answer:
    """What came back, or why nothing did."""

    status: int = 0
    body: str = ""
    error: str = ""

    def shown(self) -> str:
        """One short line for people."""
        return self.error or f"{self.status} {shortened(self.body)}".rstrip()


def shortened(text: str, limit: int = SHOWN) -> str:
    """A body on one line; what is cut off is counted."""
    folded = " ".join(text.split())
    return folded if len(folded) <= limit else f"{folded[:limit]}… ({len(text.encode())} bytes)"


def expected(endpoint: Mapping[str, Any]) -> str:
    """What is expected of an endpoint, in words."""
    parts = [str(endpoint.get("status", 200))]
    if endpoint.get("json", MISSING) is not MISSING:
        parts.append(json.dumps(endpoint["json"], ensure_ascii=False))
    if endpoint.get("json_includes", MISSING) is not MISSING:
        parts.append("JSON that includes " + json.dumps(endpoint["json_includes"], ensure_ascii=False))
    if endpoint.get("contains"):
        parts.append(f"a text with '{endpoint['contains']}'")
    return " and ".join(parts)


def includes(got: Any, wanted: Any) -> bool:
    """Whether `got` has everything in `wanted`: keys of objects, the first items of lists."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(key in got and includes(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(got) >= len(wanted) and all(map(includes, got, wanted))
    return same(got, wanted)


def same(got: Any, wanted: Any) -> bool:
    """Equality as JSON sees it: true is not 1."""
    return isinstance(got, bool) == isinstance(wanted, bool) and bool(got == wanted)


def matches(answer: Answer, endpoint: Mapping[str, Any]) -> bool:
    """Whether the answer is the one expected."""
    if answer.status != int(endpoint.get("status", 200)):
        return False
    if str(endpoint.get("contains") or "") not in answer.body:
        return False
    wanted = [key for key in ("json", "json_includes") if endpoint.get(key, MISSING) is not MISSING]
    if not wanted:
        return True
    try:
        got = json.loads(answer.body)
    except ValueError:
        return False
    exact = "json" not in wanted or same(got, endpoint["json"])
    return exact and ("json_includes" not in wanted or includes(got, endpoint["json_includes"]))


class Asker:
    """GETs paths below one URL over one kept connection."""

    def __init__(self, base_url: str, host: str = "", trusted: bool = True, timeout: float = 10.0) -> None:
        """Connects at the first request; `host` overrides the Host header."""
        self.base = urllib.parse.urlsplit(base_url)
        if self.base.scheme not in ("http", "https") or not self.base.hostname:
            raise ValueError(f"{base_url} is not an http(s) URL (app_base_url)")
        self.headers = {"Host": host} if host else {}
        self.trusted = trusted
        self.timeout = timeout
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, path: str) -> Answer:
        """One request; trouble is an answer, too."""
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                if self.connection is None:
                    self.connection = self._connect()
                self.connection.request("GET", self.base.path.rstrip("/") + path, headers=self.headers)
                response = self.connection.getresponse()
                return Answer(response.status, response.read().decode("utf-8", "replace"))
            except (http.client.HTTPException, OSError) as error:
                self.close()
                # A kept connection may have been closed by the other side: ask once more on a new one.
                if fresh or attempt == 2:
                    return Answer(error=f"no answer ({error or type(error).__name__})")
        return Answer(error="no answer")

    def close(self) -> None:
        """Drop the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _connect(self) -> http.client.HTTPConnection:
        host = self.base.hostname or ""
        if self.base.scheme == "http":
            return http.client.HTTPConnection(host, self.base.port or 80, timeout=self.timeout)
        tls = ssl.create_default_context()
        if not self.trusted:
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, self.base.port or 443, timeout=self.timeout, context=tls)
