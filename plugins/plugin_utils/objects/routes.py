"""What leads users to a Service: the Ingress of its name, or the HTTPRoute of its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, one_line
from ..kube.kinds import collection

Object = dict[str, Any]

GATEWAYS = "gateway.networking.k8s.io/v1"
# What a Gateway's controller says of a route that it serves.
_NEEDED = ("Accepted", "ResolvedRefs")


@dataclass(frozen=True)
class Route:
    """Where a route leads, as far as it limits that."""

    # The host names that it is for; none when it is for any.
    hosts: list[str] = field(default_factory=list)
    # The prefixes of paths that it leads to the Service; none when it leads all of them, or says more than that.
    paths: list[str] = field(default_factory=list)
    kind: str = "Ingress"
    # Why no Gateway serves it; empty where one does, and for an Ingress, of which nobody says so.
    unserved: str = ""


def find_route(client: KubeClient, namespace: str, name: str) -> Object | None:
    """The Ingress of that name, else the HTTPRoute; None where there is neither, or it may not be read."""
    ingress = client.find(f"{collection('networking.k8s.io/v1', 'Ingress', namespace)}/{name}")
    if ingress is None:
        with suppress(ForbiddenError):
            return find_http_route(client, namespace, name)
    return ingress


def find_http_route(client: KubeClient, namespace: str, name: str) -> Object | None:
    """The HTTPRoute of that name; None where it is not there, or the cluster does not know what that is."""
    return client.find(f"{collection(GATEWAYS, 'HTTPRoute', namespace)}/{name}")


def route_of(live: Object | None, service: str) -> Route:
    """Where an Ingress or an HTTPRoute leads; of none, nothing is known."""
    if live is None:
        return Route()
    if live.get("kind") == "HTTPRoute":
        return Route(list(live["spec"].get("hostnames") or []), _prefixes(live, service), "HTTPRoute", unserved(live))
    rules = (live.get("spec") or {}).get("rules") or []
    hosts = [str(rule.get("host") or "") for rule in rules]
    return Route([] if "" in hosts else hosts, _ingress_paths(rules, service))


def _ingress_paths(rules: list[Object], service: str) -> list[str]:
    found = []
    for rule in rules:
        for path in (rule.get("http") or {}).get("paths") or []:
            if ((path.get("backend") or {}).get("service") or {}).get("name") != service:
                continue
            if path.get("pathType") != "Prefix" or str(path.get("path") or "/") == "/":
                return []
            found.append(str(path["path"]).rstrip("/"))
    return list(dict.fromkeys(found))


def _prefixes(route: Object, service: str) -> list[str]:
    found = []
    for rule in route["spec"].get("rules") or []:
        if service not in [one.get("name") for one in rule.get("backendRefs") or []]:
            continue
        for match in rule.get("matches") or [{}]:
            path = match.get("path") or {}
            if path.get("type", "PathPrefix") != "PathPrefix" or path.get("value", "/") == "/":
                return []
            found.append(str(path["value"]).rstrip("/"))
    return list(dict.fromkeys(found))


def unserved(route: Object) -> str:
    """Why no Gateway serves an HTTPRoute; empty where one does."""
    wanted = ", ".join(gateway_name(route, parent) for parent in route["spec"].get("parentRefs") or [])
    said = list(_current_conditions(route))
    if not said:
        return f"no controller has taken it up (its Gateway is {wanted})"
    if any(_serves(conditions) for _, conditions in said):
        return ""
    parent, conditions = said[0]
    told = [
        f"{one.get('reason') or one['type']} ({one_line(str(one.get('message') or 'no message'), 200)})"
        for one in conditions
        if one.get("type") in _NEEDED and one.get("status") == "False"
    ]
    return f"the Gateway {parent} does not serve it: {'; '.join(told) or 'it has not accepted it'}"


def _serves(conditions: list[Object]) -> bool:
    status = {str(one.get("type")): one.get("status") for one in conditions}
    return status.get("Accepted") == "True" and status.get("ResolvedRefs") != "False"


def _current_conditions(route: Object) -> Iterator[tuple[str, list[Object]]]:
    """What is said of the route as it is now, by each Gateway: what was said of an older one does not count."""
    generation = int(route["metadata"].get("generation") or 0)
    for parent in (route.get("status") or {}).get("parents") or []:
        conditions = [
            one
            for one in parent.get("conditions") or []
            if int(one.get("observedGeneration") or generation) >= generation
        ]
        if conditions:
            yield gateway_name(route, parent.get("parentRef") or {}), conditions


def gateway_name(route: Object, parent: Object) -> str:
    """A Gateway as people call it, with the listener where one is named."""
    listener = f", listener {parent['sectionName']}" if parent.get("sectionName") else ""
    return f"{parent.get('namespace') or route['metadata'].get('namespace')}/{parent.get('name')}{listener}"
