"""Every object in a namespace that means something by itself, of every kind and in every version that is served.

What is served only in a version that is not its group's preferred one is there as well: a CronJob on Kubernetes 1.20,
most of what custom resources have in alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, NotFoundError, UnauthorizedError
from ..kube.kinds import root

Object = dict[str, Any]

# Kinds that say something about other objects, and mean nothing without them. Nobody asks for them: Kubernetes warns
# about Endpoints since 1.33.
_SHADOWS = {
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("metrics.k8s.io", "PodMetrics"),
    ("apps", "ControllerRevision"),
}


@dataclass(frozen=True)
class Entry:
    """An object as its kind's list shows it; without a document it stands for a kind that could not be listed."""

    group: str
    kind: str
    plural: str
    document: Object | None

    @property
    def name(self) -> str:
        """The object's name."""
        return str((self.document or {}).get("metadata", {}).get("name") or "?")

    @property
    def metadata(self) -> Object:
        """The object's metadata."""
        return dict((self.document or {}).get("metadata") or {})

    @property
    def identity(self) -> str:
        """What tells it from every other object, in whatever group and version it is served."""
        return str(self.metadata.get("uid") or f"{self.group} {self.kind} {self.name}")

    @property
    def title(self) -> str:
        """For people: `ConfigMap theirs`; of a kind that could not be listed, `Widget ?`."""
        return f"{self.kind} {self.name}"


def groups(client: KubeClient) -> dict[str, list[str]]:
    """Each API group with all its versions, the preferred one first; the core group has no name."""
    found = {"": ["v1"]}
    for group in client.get("/apis").get("groups") or []:
        preferred = [group["preferredVersion"]] if group.get("preferredVersion") else []
        names = [str(version["groupVersion"]) for version in [*preferred, *(group.get("versions") or [])]]
        found.setdefault(names[0].rpartition("/")[0], []).extend(dict.fromkeys(names))
    return found


@dataclass(frozen=True)
class Inventory:
    """What there is in a namespace, and which kinds (by group) live in none."""

    # Each object once; a kind that could not be listed is an entry without a document.
    entries: list[Entry]
    clusterwide: set[tuple[str, str]]


def inventory(client: KubeClient, namespace: str) -> Inventory:
    """All that is in the namespace, as far as it can be known."""
    found: dict[str, Entry] = {}
    clusterwide: set[tuple[str, str]] = set()
    for group, versions in groups(client).items():
        kinds: dict[str, list[Entry]] = {}
        for version in versions:
            for resource in _resources(client, version):
                kind, plural = str(resource["kind"]), str(resource["name"])
                if not resource["namespaced"]:
                    clusterwide.add((group, kind))
                # All versions of a kind show the same objects: one that could be listed is enough.
                elif (group, kind) not in _SHADOWS and _is_content(resource) and not _complete(kinds.get(plural)):
                    kinds[plural] = _listed(client, group, resource, namespace, version)
        # The same object may be served in several groups (Ingresses of old).
        for entry in (entry for entries in kinds.values() for entry in entries):
            found.setdefault(entry.identity, entry)
    return Inventory(list(found.values()), clusterwide)


def _complete(entries: list[Entry] | None) -> bool:
    return entries is not None and all(entry.document for entry in entries)


def _is_content(resource: Object) -> bool:
    """What cannot be deleted is a view of something else."""
    return "/" not in resource["name"] and bool({"delete", "deletecollection"} & set(resource.get("verbs") or []))


def _resources(client: KubeClient, version: str) -> list[Object]:
    try:
        return list(client.get(root(version)).get("resources") or [])
    except UnauthorizedError:
        raise
    except ApiError:
        # Its server is down, perhaps: the cluster itself would not finish removing the namespace then.
        return [{"kind": version, "name": version.replace("/", " "), "namespaced": True, "verbs": ["delete"]}]


def _listed(client: KubeClient, group: str, resource: Object, namespace: str, version: str) -> list[Entry]:
    kind, plural = str(resource["kind"]), str(resource["name"])
    unknown = Entry(group, kind, plural, None)
    if "list" not in resource["verbs"]:
        return [unknown]
    try:
        answer = client.get(f"{root(version)}/namespaces/{namespace}/{plural}")
    except NotFoundError:
        return []
    except UnauthorizedError:
        raise
    except ApiError:
        return [unknown]
    entries = [Entry(group, kind, plural, item) for item in answer.get("items") or []]
    # Cut short by the server: what follows is not known.
    return entries + ([unknown] if (answer.get("metadata") or {}).get("continue") else [])
