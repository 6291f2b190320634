"""What the cluster says of a Pod's claims to volumes, while they keep the Pod from any node."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .view import Object, View

_GONE = re.compile(r'persistentvolumeclaim "([^"]+)" (not found|is being deleted)')
_UNBOUND = re.compile(r"unbound immediate PersistentVolumeClaims|find available persistent volumes to bind")
# Whoever binds claims says every 15 s how far that is: longer, and nobody works at it.
SILENCE = 20.0
# Making a volume may take a cloud as long as making a node.
MAKING = 60.0


@dataclass(frozen=True)
class Lack:
    """What is lacking, in words, and how long that is usual; None for what is refused."""

    words: str
    usual: float | None


def lacking(view: View, pod: Object, scheduler: str) -> Lack | None:
    """What a Pod without a node lacks of its volumes, given the scheduler's words; None where it is not that."""
    if gone := _GONE.search(scheduler):
        return Lack(f"PersistentVolumeClaim {gone[1]} {gone[2].replace('not found', 'is not there')}", None)
    claims = [
        str(one["persistentVolumeClaim"]["claimName"])
        for one in pod["spec"].get("volumes") or []
        if "persistentVolumeClaim" in one
    ]
    for claim in claims:
        if refused := view.said(claim, "FailedBinding", "ProvisioningFailed"):
            # Of one that waits for the Pod's node the scheduler says nothing while its volume is being made.
            usual = None if scheduler else MAKING
            return Lack(f"PersistentVolumeClaim {claim} is not bound to a volume: {refused}", usual)
    if not _UNBOUND.search(scheduler):
        return None
    making = any(view.events_of(claim, "ExternalProvisioning", "Provisioning") for claim in claims)
    usual = MAKING if making else SILENCE
    return Lack(f"its claim is not bound to a volume: PersistentVolumeClaim {', '.join(claims)}", usual)
