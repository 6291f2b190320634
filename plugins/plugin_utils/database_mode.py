"""Where the database of a target is (app_db_mode)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODES = ("pod", "shared", "external", "none")
# Those in which it is the target's own, made from its image and with the passwords of its Secret.
OWN = ("pod", "shared")


def wanted(value: object) -> bool:
    """Whether a switch is on, as Ansible reads it; what is none of it is off, and refused elsewhere."""
    return (
        value if isinstance(value, bool) else str(value or "").strip().lower() in ("yes", "true", "on", "1", "y", "t")
    )


def mode_of(target: Mapping[str, Any]) -> str:
    """The mode, `app_db_enabled` counted in; the names are without `app_`."""
    return str(target.get("db_mode", "pod")) if wanted(target.get("db_enabled", True)) else "none"
