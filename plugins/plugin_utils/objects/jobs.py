"""How far a Job is, from what the API server says."""

from __future__ import annotations

from typing import Any

from .conditions import condition, holds

Object = dict[str, Any]


def succeeded(job: Object) -> bool:
    """Whether it has done what it is for."""
    return holds(job, "Complete")


def failure(job: Object) -> Object:
    """The condition that says why it has ended without that; empty when it has not."""
    return condition(job, "Failed") if holds(job, "Failed") else {}
