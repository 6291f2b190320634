"""Check what leads users to a Service: an Ingress, or HTTPRoutes in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]


def kinds(asked: Object) -> list[str]:
    """The kinds of objects, in their order."""
    if not asked["gateway"]:
        return ["Ingress"]
    return ["HTTPRoute"] * (2 if asked["tls"].get("redirect") else 1)


def problems(documents: list[Object], asked: Object) -> list[str]:
    """What is not as it was asked for, one line each."""
    found = {kind: [item for item in documents if item["kind"] == kind] for kind in ("Service", "Ingress", "HTTPRoute")}
    [service] = found["Service"]
    hosts = [host for host in (asked["ingress_host"], *asked["ingress_hosts"]) if host]
    told = (
        [of_gateway(route, number, hosts, asked, service) for number, route in enumerate(found["HTTPRoute"])]
        if asked["gateway"]
        else [of_ingress(found["Ingress"][0], hosts, asked, service)]
    )
    return [f"{what} is {got!r}, not {wanted!r}" for route in told for what, got, wanted in route if got != wanted]


def of_ingress(ingress: Object, hosts: list[str], asked: Object, service: Object) -> Iterator[tuple[str, Any, Any]]:
    """Class, hosts, path, certificate and backend."""
    spec = ingress["spec"]
    yield "the Ingress class", spec.get("ingressClassName", ""), asked["ingress_class"]
    yield "the Ingress hosts", [rule.get("host", "") for rule in spec["rules"]], hosts or [""]
    named = [{"secretName": f"{asked['name']}-tls", "hosts": hosts}] if asked["certificate"] else None
    yield "the certificate", spec.get("tls"), named
    for path in (path for rule in spec["rules"] for path in rule["http"]["paths"]):
        backend = path["backend"]["service"]
        yield "the Ingress path", (path["path"], path["pathType"]), (asked["ingress_path"], "Prefix")
        yield "the Ingress backend", backend["name"], service["metadata"]["name"]
        yield "the Ingress port", backend["port"]["name"], service["spec"]["ports"][0]["name"]


def of_gateway(
    route: Object, number: int, hosts: list[str], asked: Object, service: Object
) -> Iterator[tuple[str, Any, Any]]:
    """Gateway, listener, hosts and path; the first leads to the Service, the second to HTTPS."""
    wanted, [rule] = asked["gateway"], route["spec"]["rules"]
    parent = {"name": wanted["name"], "namespace": wanted["namespace"]}
    if listener := wanted.get(("listener", "http_listener")[number]):
        parent["sectionName"] = listener
    yield "the Gateway", route["spec"]["parentRefs"], [parent]
    yield "the route's hosts", route["spec"].get("hostnames", []), hosts
    yield "the route's path", rule["matches"], [{"path": {"type": "PathPrefix", "value": asked["ingress_path"]}}]
    if number == 0:
        backend = {"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}
        yield "the route's backend", rule["backendRefs"], [backend]
    yield "the route's filter", rule["filters"][0]["type"], ("URLRewrite", "RequestRedirect")[number]
