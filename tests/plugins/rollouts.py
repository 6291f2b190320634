"""Objects of rollouts, cut to what judging them reads, with the words that a real cluster uses."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import View

Object = dict[str, Any]
REVISION = {"deployment.kubernetes.io/revision": "2"}
# What the clock of the pretended server says; the tests' times are seconds since then.
START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def at(second: float) -> str:
    return datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(**more: Any) -> Object:
    return {
        "metadata": {"name": "d", "uid": "u", "generation": 2, "annotations": REVISION, "resourceVersion": "7"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "d"}}} | more.pop("spec", {}),
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1} | more,
    }


def replica_set(**status: Any) -> Object:
    owner = [{"uid": "u"}]
    labels = {"pod-template-hash": "new"}
    return {
        "metadata": {"uid": "r", "annotations": REVISION, "labels": labels, "ownerReferences": owner},
        "status": status,
    }


API_PROBES = {
    "startupProbe": {"periodSeconds": 1, "failureThreshold": 20, "timeoutSeconds": 3},
    "readinessProbe": {"periodSeconds": 3, "failureThreshold": 2, "timeoutSeconds": 3},
}


def container(name: str = "api", ends: int = 0, started: bool | None = None, **more: Any) -> Object:
    status: Object = {"name": name, "ready": False, "restartCount": ends, "started": started}
    return {"spec": {"name": name, "image": f"registry/{name}:1", **API_PROBES}, "status": status | more}


def waits(name: str, reason: str, message: str = "", **more: Any) -> Object:
    return container(name, state={"waiting": {"reason": reason, "message": message}}, **more)


def runs(name: str, since: float, ready: bool = False, **more: Any) -> Object:
    return container(
        name, state={"running": {"startedAt": at(since)}}, ready=ready, started=more.pop("started", ready), **more
    )


def ended(code: int, began: float, end: float, reason: str = "Error", message: str = "") -> Object:
    times = {"startedAt": at(began), "finishedAt": at(end)}
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, **times}}


def rests(name: str, restarts: int, last: Object) -> Object:
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    return container(name, restarts, state=state, lastState=last)


def pod(*containers: Object, name: str = "p", **status: Any) -> Object:
    return {
        "metadata": {"name": name, "uid": name, "labels": {"pod-template-hash": "new"}},
        "spec": {"containers": [item["spec"] for item in containers], "nodeName": "node"},
        "status": {"containerStatuses": [item["status"] for item in containers]} | status,
    }


def event(reason: str, message: str, second: float = 0, container: str = "api", name: str = "p") -> Object:
    place = f"spec.containers{{{container}}}" if container else ""
    return {
        "metadata": {"name": f"{reason}-{second}", "uid": f"{reason}-{second}-{message[:9]}"},
        "involvedObject": {"kind": "Pod", "name": name, "fieldPath": place},
        "reason": reason,
        "message": message,
        "lastTimestamp": at(second),
    }


def view(*pods: Object, now: float = 0, **more: Any) -> View:
    known: dict[str, Any] = {"deployment": deployment(), "replica_sets": [replica_set()]} | more
    return View(pods=[copy.deepcopy(item) for item in pods], now=START + now, **known)
