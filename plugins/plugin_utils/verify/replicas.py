"""The Pods behind a Service, and what each of them answers, asked through the API server: from anywhere."""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, ConnectionFailedError, KubeError, one_line
from ..objects import deployments as rollout
from ..objects.routes import Route, find_route, route_of
from ..objects.service_addresses import service_addresses
from .answer import Answer
from .asker import Line
from .endpoints import matches, quoted
from .pod_connection import PodConnection
from .request import SAFE, Request, is_plain, method_of

Object = dict[str, Any]
Endpoint = dict[str, Any]


@dataclass(frozen=True)
class Behind:
    """What stands behind the Service: the rollout's Pods, and those to which users are sent."""

    pods: list[Object] = field(default_factory=list)
    # The Pods of the Deployment's current version, those that the Service names, and the port it sends to.
    current: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    port: int = 0
    # What keeps the rollout from being complete; empty when it is.
    lacking: str = ""
    missing: bool = False
    # What the Ingress or the HTTPRoute of the same name leads there.
    route: Route = field(default_factory=Route)


def look(client: KubeClient, namespace: str, name: str) -> Behind:
    """What the cluster says about a Deployment and the Service of the same name."""
    place = f"namespaces/{namespace}"
    deployment = client.find(f"/apis/apps/v1/{place}/deployments/{name}")
    if deployment is None:
        return Behind(missing=True)
    labels = deployment["spec"]["selector"].get("matchLabels") or {}
    selector = {"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}
    sets = client.get(f"/apis/apps/v1/{place}/replicasets", **selector).get("items") or []
    pods = rollout.standing(client.get(f"/api/v1/{place}/pods", **selector).get("items") or [])
    wanted = rollout.current_hash(deployment, sets)
    current = [str(pod["metadata"]["name"]) for pod in rollout.of_version(pods, deployment, wanted)]
    addresses = service_addresses(client, namespace, name)
    lacking = rollout.unfinished(deployment)
    return Behind(
        pods,
        sorted(current),
        list(addresses.ready),
        addresses.port,
        lacking,
        route=route_of(find_route(client, namespace, name), name),
    )


def mismatched(behind: Behind) -> tuple[list[str], list[str]]:
    """Who gets requests without being of the current version, and who is of it without getting any."""
    served, current = set(behind.served), set(behind.current)
    return sorted(served - current), sorted(current - served)


# What an API server says when it does not get through to a Pod; it says so with one of these.
NOT_REACHED = "error trying to reach service"
# What the API server says itself while it cannot get through, or is asked by too many.
BUSY = (429, 502, 503, 504)


class NotAskedError(KubeError):
    """The Pods cannot be asked from here: no right to, or no way."""


class NotReachedError(NotAskedError):
    """The API server gets through to none of them, though they are ready."""


def host_of(pod: Object) -> str:
    """The name for which a Pod is probed; empty where it takes any."""
    for container in pod["spec"]["containers"]:
        probe = (container.get("readinessProbe") or {}).get("httpGet") or {}
        for header in probe.get("httpHeaders") or []:
            if str(header.get("name")).lower() == "host":
                return str(header.get("value") or "")
    return ""


def hear(client: KubeClient, namespace: str, pod: str, port: int, endpoint: Mapping[str, Any], host: str) -> Answer:
    """What one Pod answers at an endpoint to a request for `host`, which is what users request.

    The API server passes the name on. A proxy before it may take the name for its own and answer itself: so only an
    answer that is wrong without the name, too, is the Pod's.
    """
    path = str(endpoint["path"])
    if host:
        named = ask(client, namespace, pod, port, path, host)
        if named.unreached or matches(named, endpoint):
            return named
        bare = ask(client, namespace, pod, port, path)
        return bare if matches(bare, endpoint) else named
    return ask(client, namespace, pod, port, path)


class PodSender:
    """Requests to one Pod: a plain one by the API server's proxy, what carries more over a port that is forwarded."""

    def __init__(self, client: KubeClient, namespace: str, pod: str, port: int, host: str) -> None:
        """Nobody is asked yet."""
        self.client, self.namespace, self.pod, self.port, self.host = client, namespace, pod, port, host
        self.line = Line(lambda: PodConnection(self.client, namespace, pod, port), host=host)
        self.refusal = ""

    def __call__(self, request: Request, endpoint: Mapping[str, Any]) -> Answer:
        """What the Pod answers; raises NotAskedError where a plain request is not let through."""
        if is_plain(endpoint):
            return hear(self.client, self.namespace, self.pod, self.port, endpoint, self.host)
        return Answer(unsent=self.refusal) if self.refusal else self._direct(request)

    def _direct(self, request: Request) -> Answer:
        try:
            return self.line.ask(request)
        except ApiError as error:
            self.line.close()
            text = one_line(str(error), 160)
            if error.status >= 500 or error.status == 429:
                return Answer(error=f"no response ({text})", unreached=True)
            self.refusal = f"its port cannot be forwarded: {text}"
            return Answer(unsent=self.refusal)
        except KubeError as error:
            self.line.close()
            return Answer(error=f"no response ({one_line(str(error), 120)})", unreached=True)

    def close(self) -> None:
        """Drop the connection to the Pod."""
        self.line.close()


def ask(client: KubeClient, namespace: str, pod: str, port: int, path: str, host: str = "") -> Answer:
    """One request to one Pod; raises NotAskedError when we may not ask at all."""
    began = time.monotonic()
    target = f"/api/v1/namespaces/{namespace}/pods/{urllib.parse.quote(pod)}:{port}/proxy"
    try:
        reply = client.ask(target + quoted(path), host=host)
    except ValueError as error:
        return Answer(error=f"no response ({one_line(str(error), 120)})")
    except ConnectionFailedError as error:
        # The look before has reached the server: it is this Pod that keeps it from answering in time.
        return Answer(error=f"no response ({one_line(str(error), 120)})", unreached=True)
    body = reply.body.decode("utf-8", "replace")
    status = _status_of_the_server(reply.status, body)
    if status and reply.status in (401, 403):
        raise NotAskedError(f"it is forbidden ({reply.status}): {status}")
    if status:
        return Answer(error=f"no response ({status})", unreached=reply.status in BUSY or NOT_REACHED in status)
    kind = reply.headers.get("Content-Type") or ""
    return Answer(reply.status, body, seconds=time.monotonic() - began, kind=kind)


def _status_of_the_server(code: int, body: str) -> str:
    """The API server's own words, where it is the API server that speaks and not the Pod."""
    if code < 400:
        return ""
    if body.startswith(NOT_REACHED):
        return body.strip()
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    ours = isinstance(document, dict) and document.get("kind") == "Status" and document.get("apiVersion") == "v1"
    return str(document.get("message") or document.get("reason")) if ours else ""


def demand_reached(replies: Mapping[str, list[Answer]]) -> None:
    """Raise NotReachedError when the API server got through to none of the ready Pods that it was to ask.

    The kubelet asks a Pod from its own node, which a NetworkPolicy always lets in; an API server on another it may not.
    """
    answers = [answer for some in replies.values() for answer in some if not answer.unsent]
    if answers and all(answer.unreached for answer in answers):
        raise NotReachedError(
            f"the API server reaches none of them, though they are ready: {answers[0].error}; does a NetworkPolicy "
            "shut it out (workload_network_policy_from)?"
        )


def comparable(answer: Answer, endpoint: Mapping[str, Any]) -> bool:
    """Whether an answer must be the same from everybody: the API server rewrites the links of a page."""
    return not varies(endpoint) and "html" not in answer.kind and not answer.error and not answer.unsent


def varies(endpoint: Mapping[str, Any]) -> bool:
    """Whether answers may differ: what is given to a login, or made by a request, is another each time."""
    if endpoint.get("varies") is not None:
        return bool(endpoint["varies"])
    return bool(endpoint.get("save")) or method_of(endpoint) not in SAFE


def outliers(endpoint: Endpoint, answers: Mapping[str, Answer]) -> list[str]:
    """The Pods whose answer differs from what most give; with no majority, all but those that agree with the first."""
    known = {pod: repr(answer.essence()) for pod, answer in answers.items() if comparable(answer, endpoint)}
    if len(set(known.values())) < 2:
        return []
    listed = sorted(known)
    usual = max(
        sorted(set(known.values())), key=lambda text: (list(known.values()).count(text), known[listed[0]] == text)
    )
    return [pod for pod in listed if known[pod] != usual]


__all__ = [
    "Behind",
    "NotAskedError",
    "NotReachedError",
    "PodSender",
    "ask",
    "comparable",
    "demand_reached",
    "hear",
    "host_of",
    "look",
    "mismatched",
    "outliers",
]
