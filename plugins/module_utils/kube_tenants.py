"""Who else lives in a namespace: every object in it that is neither ours nor the cluster's own furniture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .kube_access import Right, lacking
from .kube_client import KubeClient
from .kube_errors import ApiError, ForbiddenError, NotFoundError
from .kube_ownership import carries_mark
from .ownership import MANAGED_BY, OURS, keeps_book

Object = dict[str, Any]

# What comes and goes by itself in every namespace.
_FURNITURE = {
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    ("ConfigMap", "openshift-service-ca.crt"),
}
# Kinds that say something about other objects, and mean nothing without them.
_SHADOWS = ("Event", "Endpoints", "EndpointSlice", "PodMetrics", "ControllerRevision")


@dataclass(frozen=True)
class Found:
    """What a look into a namespace has brought."""

    others: list[str] = field(default_factory=list)
    removable: bool = False
    # Why a namespace of ours is to stay.
    stays: str = ""


def look(client: KubeClient, namespace: str, target: str) -> Found:
    """Whether the namespace is ours to remove, and who else has anything in it."""
    try:
        live = client.find(f"/api/v1/namespaces/{namespace}")
    except ForbiddenError:
        return Found()
    if live is None or (live["metadata"].get("labels") or {}).get(MANAGED_BY) != OURS:
        return Found()
    if lacking(client, namespace, [Right("delete", "namespaces", "", "Namespace")]):
        return Found(stays="this account may not delete it")
    found = others(client, namespace, target)
    return Found(found, not found, f"it holds {', '.join(found)}" if found else "")


def others(client: KubeClient, namespace: str, target: str) -> list[str]:
    """Kind and name of every object of others; of a kind that may not be listed, the kind and a question mark."""
    found: list[str] = []
    seen: set[str] = set()
    for group_version in _served(client):
        prefix = "apis" if "/" in group_version else "api"
        try:
            resources = client.get(f"/{prefix}/{group_version}").get("resources") or []
        except ApiError:
            # A group whose server is down: the cluster itself would not finish deleting the namespace then.
            found.append(f"{group_version} ?")
            continue
        for resource in resources:
            kind, plural = str(resource["kind"]), str(resource["name"])
            wanted = resource["namespaced"] and {"list", "delete"} <= set(resource.get("verbs") or [])
            if not wanted or "/" in plural or kind in _SHADOWS:
                continue
            for item in _listed(client, f"/{prefix}/{group_version}/namespaces/{namespace}/{plural}"):
                identity = str(item["metadata"].get("uid") or f"{kind} {item['metadata'].get('name')}")
                if identity not in seen and _foreign(kind, item, target):
                    found.append(f"{kind} {item['metadata'].get('name', '?')}")
                # One object may be served in several versions.
                seen.add(identity)
    return sorted(set(found))


def _served(client: KubeClient) -> list[str]:
    groups = client.get("/apis").get("groups") or []
    return ["v1", *(str(group["preferredVersion"]["groupVersion"]) for group in groups)]


def _listed(client: KubeClient, path: str) -> list[Object]:
    try:
        return list(client.get(path).get("items") or [])
    except NotFoundError:
        return []
    except ForbiddenError:
        # Nobody knows what is there: better leave the house standing.
        return [{"metadata": {"name": "?"}}]


def _foreign(kind: str, item: Object, target: str) -> bool:
    metadata = item["metadata"]
    if carries_mark(item, target) or metadata.get("ownerReferences") or (kind, metadata.get("name")) in _FURNITURE:
        return False
    if keeps_book(kind, str(metadata.get("name")), metadata.get("labels") or {}, target):
        return False
    # A token that the cluster made for a service account.
    return not (kind == "Secret" and item.get("type") == "kubernetes.io/service-account-token")
