"""What was asked and what came back, as it is passed on."""

from __future__ import annotations

import time
from typing import Any

from ..objects import deployments
from . import verification
from .verifier import Verifier
from .withheld import without_secrets

Object = dict[str, Any]


def outcome(verifier: Verifier, seen: verification.Seen, started: float) -> Object:
    """The fact that the role `verify` passes on. `started` is on the monotonic clock."""
    arguments = verifier.arguments
    return {
        "changed": False,
        "answers": verification.summary(seen),
        "replicas": verification.replica_summary(seen),
        "pods": deployments.pod_summary(seen.behind.pods) if seen.behind else arguments["pods"],
        "unasked": verifier.unasked,
        "spared": verification.spared(seen, verifier.parties.order.once),
        "warnings": seen.warnings,
        "seconds": round(time.monotonic() - started, 2),
        # Kept in the cluster, and printed: what is sent is in neither.
        "checks": {"base_url": arguments["base_url"], "host": arguments["host"]}
        | {"endpoints": without_secrets(arguments["endpoints"])},
    }


def glance(arguments: Object) -> Object:
    """One look, at a deployment that has to be right already: the outcome, or nothing where it is not."""
    started = time.monotonic()
    with Verifier(arguments) as verifier:
        seen = verifier.ask()
        right = verification.judge(seen) is None and not verifier.passing
        return outcome(verifier, seen, started) if right else {}
