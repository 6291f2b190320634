"""Endpoints as they may be kept and printed: without what they send. The inventory has it, and it is found there again.

What was verified is kept in the cluster with its revision, and asked again when that is gone back to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .repeating import saved_names
from .request import BODIES, method_of, references, title

Object = dict[str, Any]
WITHHELD = "withheld"


def without_secrets(endpoints: Sequence[Mapping[str, Any]]) -> list[Object]:
    """The endpoints without the values of headers and bodies; what is missing is named."""
    return [_bare(dict(one)) for one in endpoints]


def _bare(endpoint: Object) -> Object:
    names = sent_names(endpoint)
    kept = {key: value for key, value in endpoint.items() if key not in ("headers", *BODIES)}
    return kept | {WITHHELD: names} if names else endpoint


def sent_names(endpoint: Mapping[str, Any]) -> list[str]:
    """What an endpoint sends, by name: its headers, and the kind of its body."""
    headers = [f"headers.{name}" for name in endpoint.get("headers") or {}]
    return sorted(headers) + [key for key in BODIES if endpoint.get(key) is not None]


def completed(kept: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]) -> tuple[list[Object], list[str]]:
    """Kept endpoints with what they sent, from the inventory's; and those left out, for it has that no more.

    An endpoint is the same where method, path and name are.
    """
    found: list[Object] = []
    lost: list[str] = []
    gone: set[str] = set()
    for endpoint in kept:
        whole = _whole(dict(endpoint), own)
        if whole is None or references(whole) & gone:
            lost.append(title(endpoint))
            gone |= saved_names(endpoint)
        else:
            found.append(whole)
    return found, lost


def _whole(endpoint: Object, own: Sequence[Mapping[str, Any]]) -> Object | None:
    wanted = endpoint.pop(WITHHELD, [])
    if not wanted:
        return endpoint
    same = [one for one in own if _identity(one) == _identity(endpoint) and set(wanted) <= set(sent_names(one))]
    # Two may differ in what they send alone: with a login and without.
    same.sort(key=lambda one: sent_names(one) != wanted)
    return endpoint | _sent(same[0], wanted) if same else None


def _identity(endpoint: Mapping[str, Any]) -> tuple[str, str, str]:
    return method_of(endpoint), str(endpoint["path"]), str(endpoint.get("name") or "")


def _sent(own: Mapping[str, Any], wanted: Sequence[str]) -> Object:
    headers = {name: value for name, value in (own.get("headers") or {}).items() if f"headers.{name}" in wanted}
    return ({"headers": headers} if headers else {}) | {key: own[key] for key in BODIES if key in wanted}
