"""What every endpoint answers, and how long it takes: through the Ingress, and from each replica."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..kube.client import KubeClient
from ..verify.answer import Answer
from ..verify.endpoints import BARE, expected, matches, mismatch
from ..verify.parties import Parties
from ..verify.replicas import demand_reached
from ..verify.request import SAFE, Endpoint, kind_of, method_of
from ..verify.session import Session
from ..verify.withheld import sent_names

Object = dict[str, Any]

INGRESS = "Ingress"


def through_ingress(parties: Parties, samples: int, verified: Sequence[Mapping[str, str]] = ()) -> list[Object]:
    """Ask each endpoint as a user does; what is sent once has been `verified`, or is not asked at all."""
    session = parties.ingress
    session.begin()
    found = [measured(session, number, INGRESS, samples) for number in range(len(parties.order.endpoints))]
    sent = {(row["method"], row["path"], row["name"]): row for row in map(_known, verified) if row["right"]}
    return [one | _remembered(sent.get((one["method"], one["path"], one["name"])), one) for one in found]


def _known(row: Mapping[str, str]) -> Object:
    return {"method": "GET", "path": "", "right": "", **row}


def _remembered(row: Mapping[str, str] | None, answer: Object) -> Object:
    """What the verification of this run has seen of an endpoint that is not asked again."""
    if row is None or not answer["unsent"]:
        return {}
    status, _, body = row["answer"].partition(" ")
    heard = {"status": int(status), "body": body} if status.isdecimal() else {"error": row["answer"]}
    milliseconds = round(float(row["seconds"]) * 1000, 2)
    timed = {"milliseconds": [milliseconds], "median": milliseconds}
    return heard | timed | {"right": row["right"] == "yes", "unsent": ""}


def from_pods(
    parties: Parties, client: KubeClient, namespace: str, pods: list[str], port: int, samples: int, host: str = ""
) -> list[Object]:
    """Ask each replica for each endpoint; raises NotAskedError when this account may not, or none is reached."""
    found: list[Object] = []
    heard: dict[str, list[Answer]] = {}
    for pod in pods:
        session, answers = parties.pod(client, namespace, pod, port, host), heard.setdefault(pod, [])
        session.begin()
        for number in range(len(parties.order.endpoints)):
            # Who is not reached at the first is not at the others, and each may take its time to say so.
            lost = answers[0] if answers and answers[0].unreached else None
            found.append(measured(session, number, pod, samples, lost))
            answers.append(lost or session.latest.get(number) or Answer(unsent="it is sent once"))
    demand_reached(heard)
    return found


def measured(session: Session, number: int, via: str, samples: int, lost: Answer | None = None) -> Object:
    """The first answer, and how long it and a few more took; one that is wrong is not asked again."""
    endpoint = session.order.endpoints[number]
    answer, took = (lost, 0.0) if lost else timed(session, number)
    right = matches(answer, endpoint)
    milliseconds = [] if answer.unsent else [took]
    while right and milliseconds and len(milliseconds) < (samples if repeatable(endpoint) else 1):
        again, took = timed(session, number)
        right = matches(again, endpoint)
        answer = answer if right else again
        milliseconds.append(took)
    return {
        "via": via,
        "method": kind_of(endpoint),
        "path": str(endpoint["path"]),
        "name": str(endpoint.get("name", "")),
        "sends": sent_names(endpoint),
        "reads": sorted(map(str, endpoint.get("expect_headers") or {})),
        "expected": expected(endpoint),
        "right": right,
        "unsent": answer.unsent,
        "status": answer.status,
        "body": answer.hide(answer.body),
        "error": answer.hide(answer.error or beside(mismatch(answer, endpoint))),
        "milliseconds": milliseconds,
        "median": round(statistics.median(milliseconds), 2) if milliseconds else 0.0,
    }


def beside(fault: str) -> str:
    """What is wrong that neither status nor body shows."""
    return fault if fault not in BARE and not fault.startswith(("shape", "it took")) else ""


def repeatable(endpoint: Endpoint) -> bool:
    """Whether it is asked again only to see how long it takes."""
    return method_of(endpoint) in SAFE and not endpoint.get("save")


def timed(session: Session, number: int) -> tuple[Answer, float]:
    """An answer, and the milliseconds that it took."""
    started = time.perf_counter()
    answer = session.ask(number)
    return answer, round((time.perf_counter() - started) * 1000, 2)


def title(answer: Object) -> str:
    """What was asked, for people."""
    return f"{answer['method']} {answer['path']}"


def asked(answer: Object) -> str:
    """The same, short: GET is what is usual."""
    return title(answer).removeprefix("GET ")


def key(answer: Object) -> tuple[str, ...]:
    """What tells an endpoint from others: a path may be asked with a login and without."""
    return title(answer), answer["name"], answer["expected"]
