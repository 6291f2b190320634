"""What every endpoint answers, and how long it takes: through the Ingress, and from each replica."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..kube.client import KubeClient
from ..verify.endpoints import Answer, Asker, expected, matches
from ..verify.replicas import demand_reached, hear

Endpoint = Mapping[str, Any]
Ask = Callable[[Endpoint], Answer]
Object = dict[str, Any]

INGRESS = "Ingress"


def through_ingress(asker: Asker, endpoints: list[Endpoint], samples: int) -> list[Object]:
    """Ask each endpoint as a user does."""

    def asked(endpoint: Endpoint) -> Answer:
        return asker.ask(str(endpoint["path"]))

    return [measured(asked, endpoint, INGRESS, samples) for endpoint in endpoints]


def from_pods(
    client: KubeClient,
    namespace: str,
    pods: list[str],
    port: int,
    endpoints: list[Endpoint],
    samples: int,
    host: str = "",
) -> list[Object]:
    """Ask each replica for each endpoint; raises NotAskedError when this account may not, or none is reached."""
    heard: dict[str, list[Answer]] = {}

    def asked(pod: str, endpoint: Endpoint) -> Answer:
        answers = heard.setdefault(pod, [])
        # Who is not reached at the first is not at the others, and each may take its time to say so.
        lost = answers and answers[0].unreached
        answers.append(answers[0] if lost else hear(client, namespace, pod, port, endpoint, host))
        return answers[-1]

    found = [measured(partial(asked, pod), endpoint, pod, samples) for pod in pods for endpoint in endpoints]
    demand_reached(heard)
    return found


def measured(asked: Ask, endpoint: Endpoint, via: str, samples: int) -> Object:
    """The first answer, and how long it and a few more took; one that is wrong is not asked again."""
    answer, took = timed(asked, endpoint)
    right = matches(answer, endpoint)
    milliseconds = [took]
    while right and len(milliseconds) < samples:
        again, took = timed(asked, endpoint)
        right = matches(again, endpoint)
        answer = answer if right else again
        milliseconds.append(took)
    return {
        "via": via,
        "path": str(endpoint["path"]),
        "name": str(endpoint.get("name", "")),
        "expected": expected(endpoint),
        "right": right,
        "status": answer.status,
        "body": answer.body,
        "error": answer.error,
        "milliseconds": milliseconds,
        "median": round(statistics.median(milliseconds), 2),
    }


def timed(asked: Ask, endpoint: Endpoint) -> tuple[Answer, float]:
    """An answer, and the milliseconds that it took."""
    started = time.perf_counter()
    answer = asked(endpoint)
    return answer, round((time.perf_counter() - started) * 1000, 2)
