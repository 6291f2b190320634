"""Ask a cluster, before anything is changed, whether it can take the deployment."""

from __future__ import annotations

import re
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, KubeError
from .namespace import hold_up

OLDEST = (1, 20)
NEEDED_APIS = ("v1", "apps/v1", "networking.k8s.io/v1")


def check_cluster(
    client: KubeClient,
    namespace: str,
    namespace_create: bool,
    ingress_class: str,
    secret: str = "",
    leaving: bool = False,
) -> dict[str, Any]:
    """Version, credentials, APIs, namespace and Ingress class, in this order; a KubeError says what is missing.

    A namespace that is being removed is refused, unless `leaving`: what removes it waits for that.
    With the name of a Secret its object is in the result, None when it is not there: nobody may see that printed.
    """
    version = server_version(client)
    served = served_apis(client)
    missing = [api for api in NEEDED_APIS if api not in served]
    if missing or release(version) < OLDEST:
        lacking = f" and does not serve {', '.join(missing)}" if missing else ""
        raise KubeError(
            f"Kubernetes at {client.cluster.server} (context {client.cluster.context}) is {version}{lacking}: "
            f"{OLDEST[0]}.{OLDEST[1]} or newer is needed."
        )
    live = client.find(f"/api/v1/namespaces/{namespace}/secrets/{secret}") if secret else None
    exists = namespace_exists(client, namespace, leaving)
    if exists is False and not namespace_create:
        raise KubeError(
            f"Namespace {namespace} does not exist in context {client.cluster.context}: "
            "create it, or set app_namespace_create to true."
        )
    return {
        "server": client.cluster.server,
        "context": client.cluster.context,
        "version": version,
        "apis": served,
        "namespace_exists": exists,
        "ingress_classes": check_ingress_class(client, ingress_class),
    } | ({"secret": live} if secret else {})


def server_version(client: KubeClient) -> str:
    """The server's version, such as v1.20.2."""
    return str(client.get("/version").get("gitVersion", ""))


def release(version: str) -> tuple[int, int]:
    """Major and minor number of a version; one that cannot be read counts as new enough."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else OLDEST


def served_apis(client: KubeClient) -> list[str]:
    """Every group and version that the cluster serves; asking proves the credentials, too."""
    core = client.get("/api").get("versions", [])
    groups = client.get("/apis").get("groups", [])
    return [*core, *(item["groupVersion"] for group in groups for item in group.get("versions", []))]


def namespace_exists(client: KubeClient, namespace: str, leaving: bool = False) -> bool | None:
    """Whether the namespace is there; None when we were not asked or may not know.

    Raises KubeError when it is being removed: nothing can be made in it. With `leaving` it does not.
    """
    if not namespace:
        return None
    try:
        live = client.find(f"/api/v1/namespaces/{namespace}")
    except ForbiddenError:
        return None
    if live and not leaving and (held := hold_up(client, live)):
        raise KubeError(f"{held} Nothing was changed.")
    return live is not None


def check_ingress_class(client: KubeClient, wanted: str) -> list[str]:
    """The Ingress classes there are; an error when the wanted one is not among them."""
    if not wanted:
        return []
    try:
        listed = client.get("/apis/networking.k8s.io/v1/ingressclasses")
    except ForbiddenError:
        # Many clusters let a project's account see its own namespace only: not a reason to refuse.
        return []
    classes = sorted(str(item["metadata"]["name"]) for item in listed.get("items", []))
    if wanted not in classes:
        there = f"it has: {', '.join(classes)}" if classes else "it has none: install an Ingress controller first"
        raise KubeError(
            f"The cluster (context {client.cluster.context}) has no IngressClass {wanted} ({there}): "
            "set app_ingress_class."
        )
    return classes
