"""Which requests may be sent as often as a verification likes, and which are sent once: what they change stays changed.

A request that changes something is sent again only where it is a login: what its response gives is sent on in headers.
An order's number goes into a path or a body, and nobody wants ten orders.
"""

from __future__ import annotations

from collections.abc import Sequence

from .request import BODIES, SAFE, Endpoint, flag, method_of, references


def sent_once(endpoints: Sequence[Endpoint]) -> frozenset[int]:
    """The places in the list of those that are sent once, and of all that need a value of theirs."""
    found: set[int] = set()
    names: set[str] = set()
    for number, endpoint in enumerate(endpoints):
        if references(endpoint) & names or not may_repeat(endpoints, number):
            found.add(number)
            names |= saved_names(endpoint)
    return frozenset(found)


def may_repeat(endpoints: Sequence[Endpoint], number: int) -> bool:
    """Whether one of them may be sent again, as far as it is its own matter."""
    endpoint = endpoints[number]
    if endpoint.get("repeat") is not None:
        return flag(endpoint, "repeat")
    return method_of(endpoint) in SAFE or is_login(endpoints, endpoint)


def is_login(endpoints: Sequence[Endpoint], endpoint: Endpoint) -> bool:
    """Whether it saves something that others send in headers, and nothing that they send elsewhere."""
    names = saved_names(endpoint)
    in_headers = set[str]().union(*(references(one, "headers") for one in endpoints))
    elsewhere = set[str]().union(*(references(one, "path", *BODIES) for one in endpoints))
    return bool(names & in_headers) and not names & elsewhere


def saved_names(endpoint: Endpoint) -> set[str]:
    """What later requests may carry of its response."""
    return {str(name) for name in endpoint.get("save") or {}}


def harmless(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Those that change nothing and need no login: for who only has a look."""
    return [one for one in endpoints if method_of(one) in SAFE and not references(one)]
