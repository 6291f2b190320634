"""To which Pods a Service leads: by its EndpointSlices, as what passes requests on knows it, else by its Endpoints.

Endpoints are deprecated since Kubernetes 1.33, and a cluster may run without their controller; EndpointSlices are
`discovery.k8s.io/v1` since 1.21, and an account made for an older edition has no right to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, NotFoundError

Object = dict[str, Any]


# The collections that may say it, the better first.
SLICES = "endpointslices"
ENDPOINTS = "endpoints"


@dataclass(frozen=True)
class Addresses:
    """The names of Pods in their order, those that get requests and those that do not yet; and the port, 0 without any.

    An address without a Pod behind it, which somebody has put there by hand, is named by itself. `source` is the plural
    of the kind that said so; empty where this account may know neither.
    """

    source: str
    ready: tuple[str, ...] = ()
    not_ready: tuple[str, ...] = ()
    port: int = 0


def path_of(source: str, namespace: str, service: str) -> str:
    """Where the API server has what `source` says of a Service, with its query."""
    if source == SLICES:
        selector = f"kubernetes.io%2Fservice-name%3D{service}"
        return f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/{SLICES}?labelSelector={selector}"
    return f"/api/v1/namespaces/{namespace}/{ENDPOINTS}/{service}"


def service_addresses(client: KubeClient, namespace: str, service: str) -> Addresses:
    """Where a Service leads; raises ForbiddenError for an account that may know neither of the two."""
    try:
        source, found = SLICES, client.get(path_of(SLICES, namespace, service))
    except (NotFoundError, ForbiddenError):
        source, found = ENDPOINTS, client.find(path_of(ENDPOINTS, namespace, service)) or {}
    listed = list(_of_slices(found) if source == SLICES else _of_endpoints(found))
    ready = {name for name, is_ready, _ in listed if is_ready}
    others = {name for name, is_ready, _ in listed if not is_ready}
    ports = [port for _, is_ready, port in listed if is_ready and port]
    return Addresses(source, tuple(sorted(ready)), tuple(sorted(others - ready)), ports[0] if ports else 0)


def _of_slices(found: Object) -> Iterator[tuple[str, bool, int]]:
    for one in found.get("items") or []:
        for endpoint in one.get("endpoints") or []:
            # Nothing said, or null, means that it is not known, and is to be taken for ready.
            is_ready = (endpoint.get("conditions") or {}).get("ready") is not False
            yield _name(endpoint, (endpoint.get("addresses") or [""])[0]), is_ready, _port(one)


def _of_endpoints(found: Object) -> Iterator[tuple[str, bool, int]]:
    for subset in found.get("subsets") or []:
        for key, is_ready in (("addresses", True), ("notReadyAddresses", False)):
            for address in subset.get(key) or []:
                yield _name(address, address.get("ip")), is_ready, _port(subset)


def _port(listed: Object) -> int:
    ports = listed.get("ports") or []
    return int(ports[0].get("port") or 0) if ports else 0


def _name(address: Object, otherwise: Any) -> str:
    return str((address.get("targetRef") or {}).get("name") or otherwise or "")
