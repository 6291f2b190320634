"""Values that a response gives and that later requests carry: where each is found in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .answer import Answer, parsed
from .request import Endpoint

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_JSON = re.compile(r"json(\.[^.\s]+)*")
_MISSING = object()


class NotGiven(ValueError):
    """The response has nothing where a value was to be found."""


def source_problem(source: object) -> str:
    """What keeps a text from saying where a value is; empty when it does."""
    kind, _, name = str(source).partition(".")
    if kind == "header" and name.lower() == "set-cookie":
        return "a cookie comes with attributes that no request carries: write cookie.NAME"
    if isinstance(source, str) and (
        _JSON.fullmatch(source) or (kind in ("header", "cookie") and TOKEN.fullmatch(name))
    ):
        return ""
    return "it must be json.PATH (json.data.0.id), header.NAME or cookie.NAME"


def given(endpoint: Endpoint, answer: Answer) -> dict[str, Any]:
    """What the endpoint wants to be kept of a response; raises NotGiven."""
    return {str(name): value_at(str(source), answer) for name, source in (endpoint.get("save") or {}).items()}


def value_at(source: str, answer: Answer) -> Any:
    """The one value that a response has at a place; raises NotGiven."""
    kind, _, rest = source.partition(".")
    if kind == "header":
        found: Any = answer.headers.get(rest.lower(), _MISSING)
    elif kind == "cookie":
        found = cookies(answer).get(rest, _MISSING)
    else:
        found = _in_json(rest, answer)
    if found is _MISSING or found is None or found == "":
        raise NotGiven(f"there is nothing to save at {source}")
    if isinstance(found, (Mapping, list)):
        raise NotGiven(f"{source} is not a single value")
    return found


def cookies(answer: Answer) -> dict[str, str]:
    """The cookies that a response sets, by name."""
    found: dict[str, str] = {}
    for line in answer.headers.get("set-cookie", "").split("\n"):
        name, _, value = line.partition(";")[0].strip().partition("=")
        found |= {name: value} if name else {}
    return found


def _in_json(path: str, answer: Answer) -> Any:
    try:
        found = parsed(answer.body)
    except ValueError as error:
        raise NotGiven("the response is not JSON, so there is nothing to save") from error
    for part in path.split(".") if path else []:
        if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = found.get(part, _MISSING) if isinstance(found, Mapping) else _MISSING
    return found
