"""Objects of many kinds, in groups with several versions, in namespaces that may be slow to go: as documented for a
current Kubernetes (1.37), and as 1.20 serves its batch group."""

from __future__ import annotations

import re
from typing import Any

from fake_api_server import Reply, status
from fake_objects import Object, Objects

VERBS = ["delete", "get", "list"]
# Group versions, the preferred one of a group first, and what each serves.
CORE: dict[str, list[tuple[str, str]]] = {
    "v1": [
        ("secrets", "Secret"),
        ("services", "Service"),
        ("serviceaccounts", "ServiceAccount"),
        ("configmaps", "ConfigMap"),
        ("pods", "Pod"),
        ("events", "Event"),
    ],
    "apps/v1": [("deployments", "Deployment")],
    "networking.k8s.io/v1": [("ingresses", "Ingress")],
    "coordination.k8s.io/v1": [("leases", "Lease")],
    "rbac.authorization.k8s.io/v1": [("roles", "Role"), ("rolebindings", "RoleBinding")],
}
OURS = {"app.kubernetes.io/managed-by": "fastapi-mysql-k8s"}


class FakeCluster(Objects):
    """Namespaces `n` (ours) and `default`; more kinds, broken ones, and conditions as a test needs them."""

    def __init__(self, **more: list[tuple[str, str]]) -> None:
        super().__init__()
        self.served: dict[str, list[tuple[str, str]]] = {**CORE}
        # By the collection's plural, or by a group version for the whole of it: the status of each request.
        self.broken: dict[str, int] = {}
        self.verbs: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.add("/api/v1/namespaces", {"metadata": {"name": "n", "labels": dict(OURS)}})
        self.add("/api/v1/namespaces", {"metadata": {"name": "default"}})

    def serve(self, version: str, *kinds: tuple[str, str]) -> None:
        """Serve kinds in a version of a group; the first version of a group is its preferred one."""
        self.served.setdefault(version, []).extend(kinds)

    def put(self, version: str, plural: str, name: str, namespace: str = "n", **more: Any) -> Object:
        """Store an object as its kind's storage version has it; it is served in all the group's versions."""
        metadata = {"name": name, "namespace": namespace, **more.pop("metadata", {})}
        kind = next(kind for one, kind in self.served[version] if one == plural)
        root = "apis" if "/" in version else "api"
        document = {"apiVersion": version, "kind": kind, "metadata": metadata, **more}
        return self.add(f"/{root}/{version}/namespaces/{namespace}/{plural}", document)

    def route(self, method: str, target: str, body: Object) -> Reply:
        """As an API server would."""
        path = target.partition("?")[0]
        self.asked.append(f"{method} {path}")
        if "selfsubjectrulesreviews" in path:
            return 201, {"status": {"resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}}
        if path == "/api":
            return 200, {"versions": ["v1"]}
        if path == "/apis":
            return 200, {"groups": self._groups()}
        if found := re.fullmatch(r"/apis?/((?:[^/]+/)?v[^/]+)", path):
            return self._resources(found[1])
        if found := re.fullmatch(r"/apis?/((?:[^/]+/)?v[^/]+)/namespaces/[^/]+/([^/]+)(/[^/]+)?", path):
            version, plural = found[1], found[2]
            if code := self.broken.get(plural):
                return status(code, f"{plural} cannot be had")
            if plural not in {one for one, _ in self.served.get(version, [])}:
                return status(404, "the server could not find the requested resource")
            target = target.replace(f"/{version}/", f"/{self._stored(version, plural)}/", 1)
        if method == "DELETE" and (live := self.kept.get(path)):
            if (body.get("preconditions") or {}).get("uid") not in (None, live["metadata"]["uid"]):
                return status(409, "the UID in the precondition does not match the UID in record")
            if live["metadata"].get("finalizers"):
                live["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
                return 200, live
        return super().route(method, target, body)

    def _stored(self, version: str, plural: str) -> str:
        """The version in whose path the objects are kept: the first that serves them and holds any."""
        group = version.rpartition("/")[0]
        same = [one for one in self.served if one.rpartition("/")[0] == group]
        held = [one for one in same if any(f"/{one}/" in path and f"/{plural}/" in path for path in self.kept)]
        return (held or [version])[0]

    def _groups(self) -> list[Object]:
        found: dict[str, list[Object]] = {}
        for version in self.served:
            if "/" in version:
                found.setdefault(version.rpartition("/")[0], []).append({"groupVersion": version})
        return [{"name": name, "versions": all_, "preferredVersion": all_[0]} for name, all_ in found.items()]

    def _resources(self, version: str) -> Reply:
        if code := self.broken.get(version):
            return status(code, "the server is currently unable to handle the request")
        if version not in self.served:
            return status(404, "the server could not find the requested resource")
        kinds = self.served[version]
        found = [
            {"name": plural, "kind": kind, "namespaced": True, "verbs": self.verbs.get(plural, VERBS)}
            for plural, kind in kinds
        ]
        views = [{"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]}]
        nodes = {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": VERBS}
        return 200, {"resources": [*found, *(views if version == "v1" else []), nodes]}
