"""What a deployment's objects are called, and how to tell whether they are still the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


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
        }.get(plural, "/api/v1")
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")


def identity(*objects: Object | None) -> list[str]:
    """What is different after every deployment: each object's uid and the version of what is wanted of it."""
    return [
        f"{item['kind']} {item['metadata']['uid']} {item['metadata'].get('generation', '')}".rstrip()
        for item in objects
        if item
    ]
