"""How far a Job is, from what the API server says."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def succeeded(job: Object) -> bool:
    """Whether it has done what it is for."""
    return bool(_condition(job, "Complete"))


def failure(job: Object) -> Object:
    """The condition that says why it has ended without that; empty when it has not."""
    return _condition(job, "Failed")


def _condition(job: Object, kind: str) -> Object:
    listed = (job.get("status") or {}).get("conditions") or []
    return next((one for one in listed if one.get("type") == kind and one.get("status") == "True"), {})
