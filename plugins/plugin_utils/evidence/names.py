"""What a deployment's objects are called, and how to tell whether they are still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..objects.managed_fields import autoscaler
from ..objects.routes import GATEWAYS
from ..release.own_fields import own

Object = dict[str, Any]

# Counts a Deployment's rollouts.
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Names:
    """Where the deployment lives, and what its objects are called."""

    namespace: str
    name: str

    def path(self, plural: str, name: str = "") -> str:
        """The path of a collection of the namespace, or of one of its objects."""
        group = {
            "deployments": "/apis/apps/v1",
            "replicasets": "/apis/apps/v1",
            "ingresses": "/apis/networking.k8s.io/v1",
            "httproutes": f"/apis/{GATEWAYS}",
        }.get(plural, "/api/v1")
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")


def route_kind(evidence: Object) -> str:
    """The kind of what leads to the Service: an HTTPRoute, or an Ingress, also where none is there."""
    return str((evidence["ingress"] or {"kind": "Ingress"})["kind"])


def identity(*objects: Object | None, autoscalers: Sequence[Object] = ()) -> list[str]:
    """What is different after every deployment: each object's uid, and a digest of what is wanted of it.

    Not its generation: a Service has none, and no object's counts labels and annotations. Neither others' labels and
    annotations nor the replicas that an autoscaler wants are a deployment.
    """
    return [
        f"{item['kind']} {item['metadata']['uid']} {_digest(item, bool(autoscaler(item, autoscalers)))}"
        for item in objects
        if item
    ]


def _digest(item: Object, scaled: bool) -> str:
    metadata = own(item)["metadata"]
    revision = (item["metadata"].get("annotations") or {}).get(REVISION)
    spec = {key: value for key, value in (item.get("spec") or {}).items() if not (scaled and key == "replicas")}
    wanted = [metadata.get("labels"), metadata.get("annotations"), revision, spec]
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]
