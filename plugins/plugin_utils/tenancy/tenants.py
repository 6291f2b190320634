"""Who else lives in a namespace: every object in it that is neither ours to remove nor the cluster's own furniture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError
from ..objects.inventory import Entry, groups, inventory
from ..objects.labels import MANAGED_BY, OURS, keeps_book
from ..objects.managed_fields import carries_mark
from .access import Right, lacking
from .furniture import Furniture
from .namespace import hold_up

Object = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What a look into a namespace has brought."""

    others: list[str] = field(default_factory=list)
    removable: bool = False
    # Why the namespace is to stay.
    stays: str = ""
    # The namespace that was looked at, and whether it is being removed already; empty when there is none.
    uid: str = ""
    leaving: str = ""


def look(client: KubeClient, namespace: str, target: str, going: bool = True) -> Found:
    """Whether the namespace is ours to remove, and who else has anything in it.

    `going`: the target's own objects are to go as well; otherwise it is an application like any other.
    """
    try:
        live = client.find(f"/api/v1/namespaces/{namespace}")
    except ForbiddenError:
        return Found(stays="this account may not look at it")
    if live is None:
        return Found()
    uid = str(live["metadata"].get("uid") or "")
    if leaving := hold_up(client, live):
        return Found(uid=uid, leaving=leaving)
    if (live["metadata"].get("labels") or {}).get(MANAGED_BY) != OURS:
        return Found(stays="it was not made by this project", uid=uid)
    if lacking(client, namespace, [Right("delete", "namespaces", "", "Namespace")]):
        return Found(stays="this account may not delete it", uid=uid)
    entries = tenants(client, namespace, target, going)
    return Found(titles(entries), not entries, _why(entries), uid)


def others(client: KubeClient, namespace: str, target: str, going: bool = True) -> list[str]:
    """Kind and name of every object of others; of a kind that could not be listed, the kind and a question mark."""
    return titles(tenants(client, namespace, target, going))


def tenants(client: KubeClient, namespace: str, target: str, going: bool) -> list[Entry]:
    """Every object of others, and every kind of which nobody knows what there is."""
    furniture = Furniture(client, namespace, set(groups(client)))
    found = inventory(client, namespace)
    return [
        entry
        for entry in found.entries
        if entry.document is None
        or not (_goes(entry, target, going) or _goes_along(entry, found.clusterwide) or furniture.has(entry))
    ]


def titles(entries: Iterable[Entry]) -> list[str]:
    """For people, each once."""
    return sorted({entry.title for entry in entries})


def _goes(entry: Entry, target: str, going: bool) -> bool:
    """Whether it is the target's, which is to go, or kept about it; the lock of this run in any case."""
    document = entry.document or {}
    kept = not entry.group or entry.group == "coordination.k8s.io"
    booked = kept and keeps_book(entry.kind, entry.name, entry.metadata.get("labels") or {}, target)
    return (booked and (going or entry.kind == "Lease")) or (going and carries_mark(document, target))


def _goes_along(entry: Entry, clusterwide: set[tuple[str, str]]) -> bool:
    """Whether its owners are in the namespace, too, and count themselves; an owner that is in none does not."""
    owners = entry.metadata.get("ownerReferences") or []
    kinds = {(str(owner.get("apiVersion", "")).rpartition("/")[0], str(owner.get("kind"))) for owner in owners}
    return bool(owners) and not kinds & clusterwide


def _why(entries: list[Entry]) -> str:
    known = titles(entry for entry in entries if entry.document is not None)
    unknown = titles(entry for entry in entries if entry.document is None)
    holds = f"it holds {', '.join(known)}" if known else ""
    asks = f"it is not known what it holds of {', '.join(name.removesuffix(' ?') for name in unknown)}"
    return "; ".join(part for part in (holds, f"{asks} (these could not be listed)" if unknown else "") if part)
