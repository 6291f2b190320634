"""What is sent to an endpoint: method, path, headers and body, with what earlier responses gave."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

Endpoint = Mapping[str, Any]
Saved = Mapping[str, Any]

# The methods that change nothing, whatever a server is asked by them; and all.
SAFE = ("GET", "HEAD", "OPTIONS")
METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")
# The keys of an endpoint that hold a body to send, each with what it is unless a header says otherwise.
BODIES = {
    "request_json": "application/json",
    "request_form": "application/x-www-form-urlencoded",
    "request_body": "text/plain; charset=utf-8",
}
# Where a saved value is filled in.
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Unknown(ValueError):
    """A request needs a value that no response has given, or that it cannot carry."""


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent: its path is not encoded yet."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    websocket: bool = False
    # Whether it goes over a connection of its own, and is not repeated where that breaks.
    alone: bool = False


def method_of(endpoint: Endpoint) -> str:
    """By which method an endpoint is requested."""
    return str(endpoint.get("method") or "GET").upper()


def flag(endpoint: Endpoint, key: str, default: bool = False) -> bool:
    """A switch of an endpoint, in any of the ways in which YAML and people write one."""
    return bool(boolean(endpoint.get(key, default)))


def kind_of(endpoint: Endpoint) -> str:
    """How it is requested, for people: by which method, or as a WebSocket."""
    return "WebSocket" if flag(endpoint, "websocket") else method_of(endpoint)


def title(endpoint: Endpoint, base_url: str = "") -> str:
    """An endpoint in a sentence: its path, or its URL, and before it how it is requested where that is not a GET."""
    kind, place = kind_of(endpoint), f"{base_url}{endpoint['path']}"
    return place if kind == "GET" else f"{kind} {place}"


def is_plain(endpoint: Endpoint) -> bool:
    """Whether it is a GET that carries nothing, keeps nothing and looks at no header."""
    special = ("headers", "expect_headers", "save", "websocket", *BODIES)
    return method_of(endpoint) == "GET" and not any(endpoint.get(key) for key in special) and not references(endpoint)


def sent_parts(endpoint: Endpoint) -> dict[str, Any]:
    """What is filled in before it is sent, by key."""
    return {key: endpoint[key] for key in ("path", "headers", *BODIES) if endpoint.get(key) is not None}


def references(endpoint: Endpoint, *keys: str) -> set[str]:
    """The saved values that a request needs: all, or those in some of its keys."""
    return referred([part for key, part in sent_parts(endpoint).items() if not keys or key in keys])


def referred(value: Any) -> set[str]:
    """The saved values that are named anywhere in a piece of JSON."""
    return {name for text in leaves(value) if isinstance(text, str) for name in REFERENCE.findall(text)}


def leaves(value: Any) -> Iterator[Any]:
    """Every single value in a piece of JSON."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def filled(endpoint: Endpoint, saved: Saved) -> Request:
    """The request to an endpoint; raises Unknown where a value is missing that it is to carry."""
    if missing := sorted(references(endpoint) - set(saved)):
        raise Unknown(f"no response has given ${{{missing[0]}}}")
    headers = {str(name): _in_text(str(value), saved) for name, value in (endpoint.get("headers") or {}).items()}
    if broken := [name for name, value in headers.items() if has_controls(value)]:
        raise Unknown(f"what was saved for the header {broken[0]} holds a control character")
    quoted = {name: urllib.parse.quote(str(value), safe="") for name, value in saved.items()}
    body, kind = _body(endpoint, saved)
    if kind and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = kind
    path = _in_text(str(endpoint["path"]), quoted)
    return Request(path, method_of(endpoint), headers, body, flag(endpoint, "websocket"))


def has_controls(text: str) -> bool:
    """Whether a text holds what no header may: a line feed, a NUL and the like."""
    return any((ord(char) < ord(" ") and char != "\t") or ord(char) == 0x7F for char in text)


def _body(endpoint: Endpoint, saved: Saved) -> tuple[bytes | None, str]:
    for key, kind in BODIES.items():
        if endpoint.get(key) is None:
            continue
        value = _in_json(endpoint[key], saved)
        if key == "request_json":
            return json.dumps(value, ensure_ascii=False, default=str).encode(), kind
        text = urllib.parse.urlencode(value) if key == "request_form" else str(value)
        return text.encode(), kind
    return None, ""


def _in_text(text: str, saved: Saved) -> str:
    return REFERENCE.sub(lambda found: str(saved[found[1]]), text)


def _in_json(value: Any, saved: Saved) -> Any:
    """A value with what was saved; what is nothing but a reference becomes what that is, a number a number."""
    if isinstance(value, Mapping):
        return {str(key): _in_json(one, saved) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_json(one, saved) for one in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    return saved[whole[1]] if whole else _in_text(value, saved)
