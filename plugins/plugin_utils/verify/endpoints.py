"""What endpoints are expected to answer, and how an answer differs from that."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .answer import Answer, parsed, shortened
from .request import flag

MISSING = object()
# What an endpoint gives that is asked for nothing else: a WebSocket changes the protocol.
USUAL, SWITCHED = 200, 101
# Faults that say nothing beyond what is shown anyway.
BARE = frozenset({"no response", "status", "body", "text", "no JSON", "JSON"})


def status_of(endpoint: Mapping[str, Any]) -> int:
    """The status that is expected."""
    return int(endpoint.get("status") or (SWITCHED if flag(endpoint, "websocket") else USUAL))


def expected(endpoint: Mapping[str, Any]) -> str:
    """What is expected of an endpoint, in words."""
    parts = [str(status_of(endpoint))]
    parts += [f"the header {name} with '{text}'" for name, text in (endpoint.get("expect_headers") or {}).items()]
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
    """How an answer differs from what is expected, in a word or two; empty when it is right, or was not asked for."""
    if answer.unsent:
        return ""
    if answer.error:
        return "no response"
    if answer.status != status_of(endpoint):
        return "status"
    if fault := answer.flaw or _wrong_header(answer, endpoint):
        return fault
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


def _wrong_header(answer: Answer, endpoint: Mapping[str, Any]) -> str:
    for name, text in (endpoint.get("expect_headers") or {}).items():
        found = answer.headers.get(str(name).lower())
        if found is None:
            return f"it has no header {name}"
        if str(text) not in found:
            # A cookie is a secret, whether anybody saves it or not.
            shown = "another" if str(name).lower() == "set-cookie" else f"'{shortened(found, 60)}'"
            return f"its header {name} is {shown}"
    return ""


def matches(answer: Answer, endpoint: Mapping[str, Any]) -> bool:
    """Whether the answer is the one expected."""
    return not mismatch(answer, endpoint)


# What a browser leaves as it is: all that has a meaning in a path or a query, and what is encoded already.
_KEPT = "%/?:@!$&'()*+,;=~[]|"


def quoted(path: str) -> str:
    """A path with its query as a browser writes it into a request."""
    return urllib.parse.quote(path, safe=_KEPT)
