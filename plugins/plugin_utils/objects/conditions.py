"""The conditions in an object's status, which say how it is."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def condition(item: Object, kind: str) -> Object:
    """A condition in an object's status; empty when it has none of the kind."""
    listed = (item.get("status") or {}).get("conditions") or []
    return next((one for one in listed if one.get("type") == kind), {})


def holds(item: Object, kind: str) -> bool:
    """Whether a condition is there, and true."""
    return bool(condition(item, kind).get("status") == "True")
