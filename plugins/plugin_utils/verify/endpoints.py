"""Request endpoints, and compare what they answer with what is expected of them."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
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
    seconds: float = 0.0
    # What the body is, as the header Content-Type says.
    kind: str = ""
    # Whether it is not the one who was asked that gave none, as far as can be known: nobody has reached them.
    unreached: bool = False

    def shown(self) -> str:
        """One short line for people."""
        return self.error or f"{self.status} {shortened(self.body)}".rstrip()

    def essence(self) -> object:
        """What two answers must share to be the same: JSON by its value, whatever the order of its keys."""
        try:
            return self.status, parsed(self.body)
        except ValueError:
            return self.status, self.body


def parsed(body: str) -> Any:
    """The value of a JSON text; a ValueError for one that cannot be read, however deep it is nested."""
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


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
    if endpoint.get("json_types", MISSING) is not MISSING:
        parts.append("JSON of the shape " + json.dumps(endpoint["json_types"], ensure_ascii=False))
    if endpoint.get("body") is not None:
        parts.append(f"the text '{shortened(str(endpoint['body']), 60)}'")
    if endpoint.get("contains"):
        parts.append(f"a text with '{endpoint['contains']}'")
    if endpoint.get("max_seconds"):
        parts.append(f"within {float(endpoint['max_seconds']):g} s")
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


# The names that JSON's own schema language has for its types.
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def check_shape(wanted: Any) -> None:
    """Raise ValueError for a shape that is none, before anybody is asked."""
    if isinstance(wanted, Mapping):
        for shape in wanted.values():
            check_shape(shape)
    elif isinstance(wanted, list):
        if len(wanted) != 1:
            raise ValueError(f"json_types: a list has one shape for all its items, not {len(wanted)}")
        check_shape(wanted[0])
    elif unknown := [name for name in str(wanted).split("|") if name not in TYPES and name != "any"]:
        raise ValueError(f"json_types knows no type {unknown[0]} (it knows any, {', '.join(TYPES)})")


def misshapen(got: Any, wanted: Any, where: str = "$") -> str:
    """What of a JSON value is not of the wanted shape; empty when it is.

    A shape is the name of a type ("integer", "string|null", "any"), an object of shapes (other keys may be there, too),
    or a list of one shape that every item has.
    """
    if isinstance(wanted, Mapping):
        if not isinstance(got, Mapping):
            return f"{where} is not an object"
        faults = (
            f"{where} has no {key}" if key not in got else misshapen(got[key], wanted[key], f"{where}.{key}")
            for key in wanted
        )
        return next((fault for fault in faults if fault), "")
    if isinstance(wanted, list):
        if not isinstance(got, list):
            return f"{where} is not a list"
        faults = (misshapen(item, wanted[0], f"{where}[{number}]") for number, item in enumerate(got))
        return next((fault for fault in faults if fault), "")
    names = str(wanted).split("|")
    # A boolean is an int to Python, and none to JSON.
    fits = any(
        name == "any" or (isinstance(got, TYPES[name]) and (name == "boolean" or not isinstance(got, bool)))
        for name in names
    )
    return "" if fits else f"{where} is {json.dumps(got, ensure_ascii=False)[:60]}, not {wanted}"


def mismatch(answer: Answer, endpoint: Mapping[str, Any]) -> str:
    """How an answer differs from what is expected, in a word or two; empty when it is right."""
    if answer.error:
        return "no response"
    if answer.status != int(endpoint.get("status", 200)):
        return "status"
    if endpoint.get("body") is not None and answer.body != str(endpoint["body"]):
        return "body"
    if str(endpoint.get("contains") or "") not in answer.body:
        return "text"
    wanted = [key for key in ("json", "json_includes", "json_types") if endpoint.get(key, MISSING) is not MISSING]
    if wanted:
        try:
            got = parsed(answer.body)
        except ValueError:
            return "no JSON"
        if "json" in wanted and not same(got, endpoint["json"]):
            return "JSON"
        if "json_includes" in wanted and not includes(got, endpoint["json_includes"]):
            return "JSON"
        if "json_types" in wanted and (fault := misshapen(got, endpoint["json_types"])):
            return f"shape: {fault}"
    slow = endpoint.get("max_seconds") and answer.seconds > float(endpoint["max_seconds"])
    return f"it took {answer.seconds:.2f} s" if slow else ""


def matches(answer: Answer, endpoint: Mapping[str, Any]) -> bool:
    """Whether the answer is the one expected."""
    return not mismatch(answer, endpoint)


# What a browser leaves as it is: all that has a meaning in a path or a query, and what is encoded already.
_KEPT = "%/?:@!$&'()*+,;=~[]|"


def quoted(path: str) -> str:
    """A path with its query as a browser writes it into a request."""
    return urllib.parse.quote(path, safe=_KEPT)


def trust(checked: bool = True) -> ssl.SSLContext:
    """What certificates must be: chain, dates and name count, as for browsers and curl, with any Python.

    From 3.13 on Python's default wants extensions as well that many private authorities leave out.
    """
    tls = ssl.create_default_context()
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not checked:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


class _NamedConnection(http.client.HTTPSConnection):
    """TLS with a server whose name is not where it is reached, as `curl --resolve` does it."""

    def __init__(self, address: str, port: int, name: str, timeout: float, tls: ssl.SSLContext) -> None:
        super().__init__(address, port, timeout=timeout)
        self._address, self._name, self._limit, self._tls = (address, port), name, timeout, tls

    def connect(self) -> None:
        """Connect to the address; the name is what the server is told, and what its certificate must be for."""
        plain = socket.create_connection(self._address, self._limit)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)
        except BaseException:
            plain.close()
            raise


class Asker:
    """GETs paths below one URL over one kept connection."""

    def __init__(self, base_url: str, host: str = "", trusted: bool = True, timeout: float = 10.0) -> None:
        """Connects at the first request. With `host`, the URL only says where: it is the name that is requested."""
        self.base = urllib.parse.urlsplit(base_url)
        if self.base.scheme not in ("http", "https") or not self.base.hostname:
            raise ValueError(f"{base_url} is not an http(s) URL (app_base_url)")
        self.prefix = quoted(self.base.path.rstrip("/"))
        self.headers = {"Host": host} if host else {}
        self.name = (urllib.parse.urlsplit(f"//{host}").hostname if host else "") or self.base.hostname
        self.trusted = trusted
        self.timeout = timeout
        self.connection: http.client.HTTPConnection | None = None

    def ask(self, path: str) -> Answer:
        """One request; trouble is an answer, too."""
        began = time.monotonic()
        for attempt in (1, 2):
            fresh = self.connection is None
            try:
                if self.connection is None:
                    self.connection = self._connect()
                self.connection.request("GET", self.prefix + quoted(path), headers=self.headers)
                response = self.connection.getresponse()
                body = response.read().decode("utf-8", "replace")
                kind = response.getheader("Content-Type") or ""
                return Answer(response.status, body, seconds=time.monotonic() - began, kind=kind)
            except (http.client.HTTPException, OSError, ValueError) as error:
                self.close()
                # A kept connection may have been closed by the other side: ask once more on a new one.
                if fresh or attempt == 2:
                    return Answer(error=f"no response ({error or type(error).__name__})")
        return Answer(error="no response")

    def close(self) -> None:
        """Drop the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _connect(self) -> http.client.HTTPConnection:
        host = self.base.hostname or ""
        if self.base.scheme == "http":
            return http.client.HTTPConnection(host, self.base.port or 80, timeout=self.timeout)
        return _NamedConnection(host, self.base.port or 443, self.name, self.timeout, trust(self.trusted))
