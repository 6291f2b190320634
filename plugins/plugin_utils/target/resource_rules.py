"""What a container may be given: requests and limits as Kubernetes takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from .environment_rules import Problem, text_of
from .quantities import quantity

_KINDS = ("requests", "limits")
# What may be promised to several; of all else a container has what it requests, or nothing.
_SHARED = ("cpu", "memory", "ephemeral-storage")
# What a plug-in on the nodes offers (nvidia.com/gpu), or pages of another size.
_OTHER = re.compile(
    r"hugepages-[1-9][0-9]*[KMGT]i|(?!(?:[^/]*\.)?kubernetes\.io/)[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9_.]*"
)
_LIKE = {"cpu": "500m or 2", "memory": "256Mi", "ephemeral-storage": "1Gi"}


def resources(name: str, value: object) -> Problem:
    """Requests and limits of a container."""
    if not isinstance(value, Mapping) or not set(value) <= set(_KINDS):
        return f"app_{name} must have requests and limits, such as requests: {{cpu: 100m, memory: 128Mi}}"
    for kind in _KINDS:
        if problem := _amounts(f"app_{name}.{kind}", value.get(kind, {})):
            return problem
    return next(_contradictions(f"app_{name}", *(value.get(kind, {}) for kind in _KINDS)), None)


def amount(place: str, what: str, value: object) -> Problem:
    """How much of something there may be: a quantity of at least nothing, of bytes only whole ones."""
    found = quantity(value)
    if found is None or found < 0:
        return f"{place} is '{text_of(value)}': it must be a quantity such as {_LIKE.get(what, '1')}"
    if what != "cpu" and found != found.to_integral_value():
        return f"{place} is '{text_of(value)}', which is no whole number: write it such as {_LIKE.get(what, '1')}"
    return None


def _amounts(place: str, given: object) -> Problem:
    if not isinstance(given, Mapping):
        return f"{place} must map cpu, memory and the like to quantities"
    for what, value in given.items():
        if what not in _SHARED and not _OTHER.fullmatch(text_of(what)):
            return f"{place} names {text_of(what)}, which no container has: cpu, memory, or such as nvidia.com/gpu"
        if problem := amount(f"{place}.{what}", what, value):
            return problem
    return None


def _contradictions(place: str, requests: Mapping[str, object], limits: Mapping[str, object]) -> Iterator[str]:
    for what, value in requests.items():
        least, most = _known(value), _known(limits.get(what))
        if what in limits and least > most:
            yield f"{place}.requests.{what} is {value}, above its limit of {limits[what]}: raise it, or request less"
        elif what not in _SHARED and least != most:
            yield f"{place}.requests.{what} is {value}: what cannot be shared wants a limit that is the same"


def _known(value: object) -> Decimal:
    return quantity(value) or Decimal(0)
