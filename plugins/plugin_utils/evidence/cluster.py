"""What of a deployment can be read from the cluster, as plain data for the evidence. Nothing is changed."""

from __future__ import annotations

import json
import time
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError
from ..objects.autoscalers import scalers
from ..objects.deployments import current_hash, unfinished
from ..objects.routes import find_route, gateway_name
from ..objects.service_addresses import Addresses, service_addresses
from ..rollout.causes import Rules, troubles
from ..rollout.view import View, fallen_before
from .names import REVISION, Names, identity

Object = dict[str, Any]

# The columns that kubectl would print, made by the server itself.
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
# A Pod that its node has given up so many seconds ago, and that has long had a successor, hinders nobody.
RECENT = 600.0
# The steps of a Pod's start, in their order, as its conditions name them.
STEPS = ("PodScheduled", "Initialized", "ContainersReady", "Ready")


def read_cluster(client: KubeClient, names: Names) -> Object:
    """Everything that the evidence says of the cluster's objects; what is not there is None or empty."""
    found = client.find(names.path("deployments", names.name))
    selector = selector_of(found) if found else ""
    pods = items(client, names.path("pods"), selector) if found else []
    sets = replica_sets(client, names, selector) if found else []
    newest = current_hash(found, sets) if found else ""
    service = client.find(names.path("services", names.name))
    route = find_route(client, names.namespace, names.name)
    return {
        "server_version": str(client.get("/version").get("gitVersion", "")),
        "deployment": deployment_facts(found, hindrances(client, names, found, sets, pods)) if found else None,
        "pods": [pod_facts(pod, newest) for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))],
        "service": service_facts(service, addresses(client, names)) if service else None,
        "ingress": route_facts(route) if route else None,
        "identity": identity(found, service, route, autoscalers=scalers(client, names.namespace)),
    }


def selector_of(deployment: Object) -> str:
    """The Deployment's selector as a query."""
    labels = deployment["spec"]["selector"].get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items())


def items(client: KubeClient, path: str, selector: str) -> list[Object]:
    """The objects of a collection that bear the labels."""
    return list(client.get(path, labelSelector=selector).get("items") or [])


def replica_sets(client: KubeClient, names: Names, selector: str) -> list[Object]:
    """The Deployment's versions; none for an account that may not read them."""
    try:
        return items(client, names.path("replicasets"), selector)
    except ForbiddenError:
        return []


def addresses(client: KubeClient, names: Names) -> Addresses:
    """Where the Service leads, as far as this account may know it."""
    try:
        return service_addresses(client, names.namespace, names.name)
    except ForbiddenError:
        return Addresses("")


def hindrances(
    client: KubeClient, names: Names, deployment: Object, sets: list[Object], pods: list[Object]
) -> list[str]:
    """What keeps the newest Pods from coming up, each with its remedy; nothing is asked when all of them are up."""
    if not unfinished(deployment):
        return []
    try:
        events = list(client.get(names.path("events"), fieldSelector="type!=Normal").get("items") or [])
    except ForbiddenError:
        events = []
    now = time.time() + client.clock()
    past = fallen_before(pods, now - RECENT)
    found = troubles(View(deployment, sets, pods, events, now, past=past), Rules())
    return list(dict.fromkeys(one.cause.sentence() for one in found if one.not_before <= now))


def deployment_facts(deployment: Object, troubles: list[str]) -> Object:
    """How far the Deployment is, and which images it wants."""
    status = deployment.get("status") or {}
    return {
        "revision": str((deployment["metadata"].get("annotations") or {}).get(REVISION, "")),
        "generation": int(deployment["metadata"].get("generation", 0)),
        "created": str(deployment["metadata"].get("creationTimestamp", "")),
        "replicas": int(deployment["spec"].get("replicas", 1)),
        "updated": int(status.get("updatedReplicas", 0)),
        "ready": int(status.get("readyReplicas", 0)),
        "available": int(status.get("availableReplicas", 0)),
        "unfinished": unfinished(deployment),
        "troubles": troubles,
        "images": {c["name"]: str(c["image"]) for c in deployment["spec"]["template"]["spec"]["containers"]},
        "port": http_port(deployment),
    }


def http_port(deployment: Object) -> int:
    """The port that users are led to: the one called http, else the first of the first container; 0 without any."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    ports = [port for container in containers for port in container.get("ports") or []]
    named = [port for port in ports if port.get("name") == "http"]
    return int((named or ports or [{"containerPort": 0}])[0]["containerPort"])


def pod_hash(pod: Object) -> str:
    """Which version of the Deployment the Pod is of."""
    return str((pod["metadata"].get("labels") or {}).get("pod-template-hash", ""))


def pod_facts(pod: Object, newest: str) -> Object:
    """One Pod: where it is, how its containers are, and when each step of its start was done."""
    status = pod.get("status") or {}
    conditions = {str(item["type"]): item for item in status.get("conditions") or []}
    return {
        "name": str(pod["metadata"]["name"]),
        "node": str(pod["spec"].get("nodeName", "")),
        "phase": str(status.get("phase", "")),
        "current": newest in ("", pod_hash(pod)),
        "leaving": bool(pod["metadata"].get("deletionTimestamp")),
        "ready": conditions.get("Ready", {}).get("status") == "True",
        "containers": [container_facts(one, status) for one in pod["spec"]["containers"]],
        "created": str(pod["metadata"].get("creationTimestamp", "")),
        "steps": {
            step: str(conditions[step].get("lastTransitionTime") or "")
            for step in STEPS
            if conditions.get(step, {}).get("status") == "True"
        },
    }


def container_facts(container: Object, status: Object) -> Object:
    """One container: what it runs, and whether it does."""
    found = [one for one in status.get("containerStatuses") or [] if one["name"] == container["name"]]
    now = found[0] if found else {}
    state = now.get("state") or {}
    kind = next(iter(state), "waiting")
    detail = state.get(kind) or {}
    return {
        "name": str(container["name"]),
        "image": str(container["image"]),
        "running": str(now.get("imageID", "")),
        "ready": bool(now.get("ready")),
        "restarts": int(now.get("restartCount", 0)),
        "state": kind if kind == "running" else str(detail.get("reason") or kind),
        "started": str(detail.get("startedAt") or ""),
    }


def service_facts(service: Object, behind: Addresses) -> Object:
    """The Service, and which Pods are behind it."""
    return {
        "name": str(service["metadata"]["name"]),
        "type": str(service["spec"].get("type", "ClusterIP")),
        "ports": [
            {"name": str(port.get("name", "")), "port": int(port["port"]), "target": str(port.get("targetPort", ""))}
            for port in service["spec"].get("ports") or []
        ],
        "known": bool(behind.source),
        "addresses": behind.source,
        "ready": list(behind.ready),
        "not_ready": list(behind.not_ready),
    }


def route_facts(route: Object) -> Object:
    """The class of an Ingress, or the Gateways of an HTTPRoute, and where its rules lead."""
    if route["kind"] == "HTTPRoute":
        parents = [gateway_name(route, parent) for parent in route["spec"].get("parentRefs") or []]
        given, rules = "; ".join(parents), http_route_rules(route)
    else:
        given, rules = str(route["spec"].get("ingressClassName") or ""), ingress_rules(route)
    return {"kind": str(route["kind"]), "name": str(route["metadata"]["name"]), "class": given, "rules": rules}


def http_route_rules(route: Object) -> list[Object]:
    """Where an HTTPRoute leads, a rule for each host, path and Service."""
    return [
        {
            "host": str(host),
            "path": str((match.get("path") or {}).get("value") or "/"),
            "service": str(backend.get("name", "")),
            "port": str(backend.get("port") or ""),
        }
        for host in route["spec"].get("hostnames") or ["*"]
        for rule in route["spec"].get("rules") or []
        for match in rule.get("matches") or [{}]
        for backend in rule.get("backendRefs") or []
    ]


def ingress_rules(ingress: Object) -> list[Object]:
    """Where an Ingress leads, a rule for each host and path."""
    rules = []
    for rule in ingress["spec"].get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            service = (path.get("backend") or {}).get("service") or {}
            port = service.get("port") or {}
            rules.append(
                {
                    "host": str(rule.get("host") or "*"),
                    "path": str(path.get("path", "/")),
                    "service": str(service.get("name", "")),
                    "port": str(port.get("name") or port.get("number") or ""),
                }
            )
    return rules


def table(client: KubeClient, path: str) -> str:
    """What `kubectl get -o wide` would print of a collection or an object: the server makes the columns."""
    reply = client.ask(path, TABLE)
    try:
        document = json.loads(reply.body)
    except ValueError:
        document = {"message": reply.body.decode("utf-8", "replace")}
    if reply.status >= 400:
        return f"{document.get('message') or reply.status}\n"
    columns = [str(column["name"]).upper() for column in document.get("columnDefinitions") or []]
    rows = [[shown(cell) for cell in row["cells"]] for row in document.get("rows") or []]
    widths = [max(len(row[number]) for row in [columns, *rows]) for number in range(len(columns))]
    lines = [
        "   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in [columns, *rows]
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines) if rows else "No resources found.\n"


def shown(cell: Any) -> str:
    """A cell of a table, as text."""
    return "<none>" if cell in (None, "") else str(cell)
