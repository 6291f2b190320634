"""What must be read nowhere: the values that are sent, and those that responses give for later requests."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..redaction.mask import Mask
from .request import BODIES, REFERENCE, leaves

# Headers whose values everybody may know, and that responses are full of.
HARMLESS = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "access-control-request-headers",
        "access-control-request-method",
        "cache-control",
        "content-type",
        "if-none-match",
        "origin",
        "prefer",
        "range",
        "referer",
        "sec-websocket-protocol",
        "user-agent",
        "x-requested-with",
    }
)
# Words of JSON, and numbers that are too short to be a secret, would take every text with them.
WORDS = frozenset({"true", "false", "null", "none"})
DIGITS = 4
LONG = 8


class Secrets:
    """Hides them in texts; grows with each response that gives one. For any number of threads."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """What is known from the beginning."""
        self._lock = threading.Lock()
        self._values: frozenset[str] = frozenset()
        self._mask = Mask([])
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Hide these, too."""
        with self._lock:
            more = self._values | frozenset(value for value in values if value.strip() and value.lower() not in WORDS)
            if more != self._values:
                self._values, self._mask = more, Mask(more)

    def __call__(self, text: str) -> str:
        """The text without them."""
        return self._mask(text)


def secrets_of(endpoints: Iterable[Mapping[str, Any]]) -> Secrets:
    """What these endpoints send, but for what they expect to read in a response, which everybody may."""
    listed = list(endpoints)
    public = {str(leaf) for one in listed for leaf in _expected(one)}
    return Secrets(value for one in listed for value in _sent(one) if value not in public)


def long_secrets(endpoints: Iterable[Mapping[str, Any]]) -> list[str]:
    """What these endpoints send and is no word of every log: for texts of others, which are to stay readable."""
    return sorted({value for one in endpoints for value in _sent(one) if len(value) >= LONG})


def _expected(endpoint: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("json", "json_includes", "body", "contains"):
        yield from leaves(endpoint.get(key))


def _sent(endpoint: Mapping[str, Any]) -> Iterator[str]:
    for name, value in (endpoint.get("headers") or {}).items():
        if str(name).lower() not in HARMLESS:
            yield from of_header(str(value))
    for key in BODIES:
        value = endpoint.get(key)
        for leaf in leaves(value):
            yield from _of_leaf(leaf)
        if key == "request_body" and isinstance(value, str):
            yield from _of_text(value)


def of_header(value: str) -> Iterator[str]:
    """A header's value, and its parts that are a secret by themselves: a token, the password in Basic, a cookie."""
    if REFERENCE.search(value):
        return
    yield value
    scheme, _, rest = value.partition(" ")
    if rest:
        yield rest
    if scheme.lower() == "basic":
        try:
            yield base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return
    for part in value.split(";"):
        _, equals, one = part.strip().partition("=")
        if equals:
            yield one


def _of_leaf(leaf: Any) -> Iterator[str]:
    if isinstance(leaf, bool) or leaf is None:
        return
    text = str(leaf)
    if not REFERENCE.search(text) and (isinstance(leaf, str) or len(text) >= DIGITS):
        yield text


def _of_text(text: str) -> Iterator[str]:
    """The single values in a body that is written as one text."""
    try:
        found: list[Any] = list(leaves(json.loads(text)))
    except (ValueError, RecursionError):
        found = [value for _, value in urllib.parse.parse_qsl(text)]
    for leaf in found:
        yield from _of_leaf(leaf)
