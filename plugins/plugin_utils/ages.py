"""How long ago something was, for people."""

from __future__ import annotations

from datetime import UTC, datetime


def age(since: str, now: datetime | None = None) -> str:
    """How long ago, roughly; empty when it is not known."""
    if not since:
        return ""
    seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(since.replace("Z", "+00:00"))).total_seconds())
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{max(0, seconds)} s"
