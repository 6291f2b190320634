"""The images that a cluster names: what runs, what could be started again, and what is kept to go back to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, NotFoundError
from ..objects.labels import COMPONENT, MANAGED_BY, OURS
from .revisions import unpacked

Object = dict[str, Any]

# By group and version, the newest first; whether one cannot do without the right to read them.
RUNS: tuple[tuple[tuple[str, ...], str, bool], ...] = (
    (("/api/v1",), "pods", True),
    (("/apis/apps/v1",), "replicasets", True),
    (("/apis/apps/v1",), "deployments", True),
    (("/apis/apps/v1",), "statefulsets", False),
    (("/apis/apps/v1",), "daemonsets", False),
    (("/apis/batch/v1",), "jobs", False),
    (("/apis/batch/v1", "/apis/batch/v1beta1"), "cronjobs", False),
)
REVISIONS = f"{COMPONENT}=revision,{MANAGED_BY}={OURS}"


@dataclass
class Used:
    """References and image IDs as they are written, and whether all namespaces could be seen."""

    images: set[str] = field(default_factory=set)
    everywhere: bool = True


def used_images(client: KubeClient, namespace: str) -> Used:
    """What is named in all namespaces, or in this one where no more may be read. Raises KubeError."""
    used = Used()
    for roots, plural, needed in RUNS:
        for item in _listed(client, used, roots, f"namespaces/{namespace}", plural, needed):
            used.images.update(named(item))
    for secret in _listed(client, used, ("/api/v1",), f"namespaces/{namespace}", "secrets", True, REVISIONS):
        used.images.update(named(unpacked(secret).objects))
        # Of a revision that somebody has damaged, what is written on it.
        used.images.update(_noted(secret))
    return used


def _listed(
    client: KubeClient, used: Used, roots: tuple[str, ...], place: str, plural: str, needed: bool, selector: str = ""
) -> list[Object]:
    query = {"labelSelector": selector} if selector else {}
    for root in roots:
        try:
            return list(client.get(f"{root}/{plural}", **query).get("items") or [])
        except NotFoundError:
            continue
        except ForbiddenError:
            used.everywhere = False
        try:
            return list(client.get(f"{root}/{place}/{plural}", **query).get("items") or [])
        except NotFoundError:
            continue
        except ForbiddenError:
            if needed:
                raise
    return []


def named(document: Any) -> Iterator[str]:
    """Every image that an object names, wherever it does."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("image", "imageID") and isinstance(value, str):
                # Some nodes put in front how they got it.
                yield value.rpartition("://")[2]
            else:
                yield from named(value)
    elif isinstance(document, list):
        for item in document:
            yield from named(item)


def _noted(secret: Object) -> set[str]:
    try:
        noted = json.loads((secret["metadata"].get("annotations") or {})[f"{OURS}/images"])
        return {str(one) for one in noted.values()}
    except (KeyError, ValueError, AttributeError):
        return set()
