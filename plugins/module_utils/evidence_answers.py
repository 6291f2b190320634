"""What every endpoint answers, and how long it takes: through the Ingress, and from each replica."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from .endpoints import Answer, Asker, expected, matches
from .kube_client import KubeClient
from .kube_errors import KubeError

Ask = Callable[[str], Answer]
Endpoint = Mapping[str, Any]
Object = dict[str, Any]

INGRESS = "Ingress"


def through_ingress(asker: Asker, endpoints: list[Endpoint], samples: int) -> list[Object]:
    """Ask each endpoint as a user does."""
    return [measured(asker.ask, endpoint, INGRESS, samples) for endpoint in endpoints]


def from_pod(client: KubeClient, namespace: str, pod: str, port: int) -> Ask:
    """Ask one replica through the API server: no packet for a Pod's address leaves this machine."""
    base = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy"

    def ask(path: str) -> Answer:
        try:
            status, body = client.exchange(f"{base}{path}", "*/*")
        except KubeError as error:
            return Answer(error=str(error))
        return Answer(status, body.decode("utf-8", "replace"))

    return ask


def forbidden(client: KubeClient, namespace: str, pod: str, port: int, path: str) -> str:
    """Why this account may not ask replicas; empty when it may. An API's own 403 is no Status of Kubernetes."""
    answer = from_pod(client, namespace, pod, port)(path)
    if answer.status != 403:
        return ""
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    return " ".join(str(said.get("message")).split()) if isinstance(said, dict) and said.get("kind") == "Status" else ""


def from_pods(
    client: KubeClient, namespace: str, pods: list[str], port: int, endpoints: list[Endpoint], samples: int
) -> list[Object]:
    """Ask each replica for each endpoint."""
    return [
        measured(from_pod(client, namespace, pod, port), endpoint, pod, samples)
        for pod in pods
        for endpoint in endpoints
    ]


def measured(ask: Ask, endpoint: Endpoint, via: str, samples: int) -> Object:
    """The first answer, and how long it and a few more took; one that is wrong is not asked again."""
    path = str(endpoint["path"])
    answer, took = timed(ask, path)
    right = matches(answer, endpoint)
    milliseconds = [took]
    while right and len(milliseconds) < samples:
        again, took = timed(ask, path)
        right = matches(again, endpoint)
        answer = answer if right else again
        milliseconds.append(took)
    return {
        "via": via,
        "path": path,
        "name": str(endpoint.get("name", "")),
        "expected": expected(endpoint),
        "right": right,
        "status": answer.status,
        "body": answer.body,
        "error": answer.error,
        "milliseconds": milliseconds,
        "median": round(statistics.median(milliseconds), 2),
    }


def timed(ask: Ask, path: str) -> tuple[Answer, float]:
    """An answer, and the milliseconds that it took."""
    started = time.perf_counter()
    answer = ask(path)
    return answer, round((time.perf_counter() - started) * 1000, 2)
