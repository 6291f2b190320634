"""What may be sent to an endpoint, and expected of its headers. No value of a header or a body is ever repeated."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ..kube.websocket import OWN_HEADERS
from .repeating import sent_once
from .request import BODIES, METHODS, SAFE, flag, has_controls, leaves, method_of, references, referred
from .saving import NAME, TOKEN, source_problem
from .tls import trust

Endpoint = Mapping[str, Any]
# What a request sets itself, and what to set in place of it.
RESERVED = {
    "host": "set verify_host",
    "content-length": "it follows from the body",
    "transfer-encoding": "it follows from the body",
    "connection": "connections are this program's matter",
    "upgrade": "set websocket: true",
}
OF_BODIES = ("json", "json_includes", "json_types", "body", "contains")
NO_AUTHORITY = "it holds no certificate of an authority (PEM, with BEGIN CERTIFICATE)"
SWITCHES = ("websocket", "repeat")


def request_problems(endpoint: Endpoint) -> Iterator[str]:
    """What is wrong with one endpoint, by itself."""
    yield from _switches(endpoint)
    if method_of(endpoint) not in METHODS:
        yield f"method is '{endpoint['method']}': it must be one of {', '.join(METHODS)}"
    yield from _headers(endpoint)
    yield from _bodies(endpoint)
    yield from _expected_headers(endpoint)
    yield from _saves(endpoint)
    yield from _contradictions(endpoint)


def _switches(endpoint: Endpoint) -> Iterator[str]:
    for key in SWITCHES:
        value = endpoint.get(key)
        if value is not None and not _is_switch(value):
            yield f"{key} must be true or false"


def _is_switch(value: object) -> bool:
    text = value.lower() if isinstance(value, str) else value
    return isinstance(text, (str, bool, int)) and text in BOOLEANS


def _switched_on(endpoint: Endpoint, key: str) -> bool:
    return _is_switch(endpoint.get(key)) and flag(endpoint, key)


def _headers(endpoint: Endpoint) -> Iterator[str]:
    headers = endpoint.get("headers")
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        yield "headers must be a dictionary of names and texts"
        return
    seen: set[str] = set()
    own = OWN_HEADERS if _switched_on(endpoint, "websocket") else ()
    for name, value in headers.items():
        key = str(name).lower()
        if not TOKEN.fullmatch(str(name)):
            yield f"headers has {str(name)!r}, which is not the name of a header"
        elif key in seen:
            yield f"headers has {name} twice"
        elif key in own:
            yield f"headers has {name}, which the handshake of a WebSocket sets itself"
        elif key in RESERVED:
            yield f"headers has {name}, which cannot be given: {RESERVED[key]}"
        elif problem := _value_problem(value):
            yield f"headers.{name} {problem}"
        seen.add(key)


def _value_problem(value: object) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return "is empty: is the variable or file set that it comes from?"
    if not isinstance(value, str):
        return "is not text: put quotes around it"
    if has_controls(value):
        return "holds a line feed or another control character, which no header may"
    return "begins or ends with a blank, which no server reads" if value != value.strip() else ""


def _bodies(endpoint: Endpoint) -> Iterator[str]:
    given = [key for key in BODIES if endpoint.get(key) is not None]
    if len(given) > 1:
        yield f"{' and '.join(given)} are both there: a request has one body"
    if given and method_of(endpoint) in SAFE:
        yield f"{given[0]} is there with {method_of(endpoint)}, which sends no body: set method (POST, PUT or PATCH)"
    if given and (problem := _body_problem(given[0], endpoint[given[0]])):
        yield f"{given[0]} {problem}"


def _body_problem(key: str, value: object) -> str:
    if key == "request_body":
        if not isinstance(value, str):
            return "is not text: for JSON there is request_json, for a form request_form"
        return "is empty: is the variable or file set that it comes from?" if not value else ""
    if key == "request_form":
        if not isinstance(value, Mapping):
            return "must be a dictionary of fields and texts"
        wrong = [str(name) for name, one in value.items() if not isinstance(one, (str, int)) or isinstance(one, bool)]
        return f"has the field {wrong[0]}, which is not text: put quotes around it" if wrong else ""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        kinds = {type(one).__name__ for one in leaves(value)} - {"str", "int", "float", "bool", "NoneType"}
        what = f"a value that is not JSON ({', '.join(sorted(kinds)) or 'not a number'})"
        return f"holds {what}: put quotes around it"
    return ""


def _expected_headers(endpoint: Endpoint) -> Iterator[str]:
    headers = endpoint.get("expect_headers")
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        yield "expect_headers must be a dictionary of names and texts"
        return
    for name, value in headers.items():
        if not TOKEN.fullmatch(str(name)):
            yield f"expect_headers has {str(name)!r}, which is not the name of a header"
        elif isinstance(value, bool) or not isinstance(value, (str, int, float)):
            yield f"expect_headers.{name} is not text: put quotes around it"
        elif isinstance(value, str) and has_controls(value):
            yield f"expect_headers.{name} holds a line feed or another control character"


def _saves(endpoint: Endpoint) -> Iterator[str]:
    save = endpoint.get("save")
    if save is None:
        return
    if not isinstance(save, Mapping):
        yield "save must be a dictionary of names and places, such as {token: json.access_token}"
        return
    for name, source in save.items():
        if not NAME.fullmatch(str(name)):
            yield f"save has {str(name)!r}, which is not a name (letters, digits and _)"
        elif problem := source_problem(source):
            yield f"save.{name} is '{source}': {problem}"
        elif str(source).startswith("json") and method_of(endpoint) == "HEAD":
            yield f"save.{name} is '{source}', but a response to HEAD has no body"


def _contradictions(endpoint: Endpoint) -> Iterator[str]:
    websocket = _switched_on(endpoint, "websocket")
    reads = [key for key in OF_BODIES if endpoint.get(key) is not None]
    if websocket and endpoint.get("method") is not None and method_of(endpoint) != "GET":
        yield f"websocket is true with method {method_of(endpoint)}: a handshake is a GET"
    if websocket and (wrong := [*reads, *(["save"] if endpoint.get("save") else [])]):
        yield f"websocket is true with {wrong[0]}: a handshake has no body, and nothing to save"
    if websocket and str(endpoint.get("status", 101)) != "101":
        yield f"websocket is true with status {endpoint['status']}: a handshake that is accepted gives 101"
    if not websocket and method_of(endpoint) == "HEAD" and reads:
        yield f"{reads[0]} is expected of HEAD, whose response has no body"


def reference_problems(endpoints: Sequence[Endpoint]) -> Iterator[tuple[Endpoint, str]]:
    """What is wrong with endpoints as a whole: values that are used and that nobody has given by then."""
    everybody = _saved_by(endpoints)
    known: dict[str, str] = {}
    for endpoint in endpoints:
        for name in sorted(references(endpoint) - set(known)):
            later = f"{everybody[name]} saves it, but comes later: move that up" if name in everybody else ""
            yield endpoint, f"it uses ${{{name}}}, but {later or 'no endpoint saves that'}"
        for key in ("expect_headers", *OF_BODIES):
            if used := referred(endpoint.get(key)) & set(everybody):
                yield endpoint, f"{key} has ${{{sorted(used)[0]}}}, which is only filled in where something is sent"
        for name in _names(endpoint):
            if name in known:
                yield endpoint, f"save.{name}: {known[name]} saves that already"
            known[name] = str(endpoint.get("path"))
    yield from _repeated(endpoints)


def _repeated(endpoints: Sequence[Endpoint]) -> Iterator[tuple[Endpoint, str]]:
    for number in sorted(sent_once(endpoints)):
        if _switched_on(endpoints[number], "repeat"):
            yield endpoints[number], "repeat is true, but it uses what a request saves that is sent once"


def _names(endpoint: Endpoint) -> list[str]:
    save = endpoint.get("save")
    return [str(name) for name in save] if isinstance(save, Mapping) else []


def _saved_by(endpoints: Iterable[Endpoint]) -> dict[str, str]:
    return {name: str(one.get("path")) for one in endpoints for name in _names(one)}


def authorities_problem(path: str) -> str:
    """What keeps a file from naming authorities; empty when it does, or when there is none."""
    if not path:
        return ""
    file = Path(path).expanduser()
    if not file.is_file():
        return f"verify_ca_file is '{path}': there is no such file"
    try:
        return "" if trust(authorities=str(file)).get_ca_certs() else f"verify_ca_file is '{path}': {NO_AUTHORITY}"
    except OSError:
        return f"verify_ca_file is '{path}': {NO_AUTHORITY}"
