"""What is to be verified must look like: found before anything is changed, one line for each problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .endpoints import check_shape, quoted
from .request_rules import reference_problems, request_problems

Problem = str | None


def path_problem(text: str) -> Problem:
    """What keeps a text from being requested as a path, in words that follow "it"."""
    if not text.startswith("/"):
        return "must begin with '/'"
    if "#" in text:
        return "must not contain '#', which no client sends (write %23)"
    if any(ord(char) < ord(" ") or ord(char) == 0x7F for char in text):
        return "must not contain control characters"
    try:
        quoted(text)
    except UnicodeEncodeError:
        return "must not contain half a character (a lone surrogate)"
    return None


def find_endpoint_problems(endpoints: object) -> list[str]:
    """Everything that is wrong with verify_endpoints."""
    if not isinstance(endpoints, list) or not all(isinstance(one, Mapping) for one in endpoints):
        return ["verify_endpoints must be a list of dictionaries"]
    found = [(one, line) for one in endpoints for line in _problems(one)]
    # What refers to others is looked at where each is right by itself.
    found = found or list(reference_problems(endpoints))
    return [f"verify_endpoints has {one.get('path')!r}: {line}" for one, line in found]


def _problems(endpoint: Mapping[str, Any]) -> Iterable[str]:
    if problem := path_problem(str(endpoint.get("path", ""))):
        yield f"it {problem}"
    yield from request_problems(endpoint)
    status = endpoint.get("status", 200)
    if isinstance(status, bool) or not str(status).isdecimal() or not 100 <= int(status) <= 599:
        yield f"status is '{status}': it must be a number from 100 to 599"
    limit = endpoint.get("max_seconds")
    try:
        if limit is not None and not float(limit) > 0:
            yield f"max_seconds is '{limit}': it must be more than 0"
    except (TypeError, ValueError):
        yield f"max_seconds is '{limit}': it must be a number"
    try:
        check_shape(endpoint.get("json_types", "any"))
    except ValueError as error:
        yield str(error)
