"""Look at a target from beside the playbooks: when a fault can be seen, what users get, what its objects are."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.conditions import condition
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.deployments import current_hash, unfinished
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.judge import Judge
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import (
    Container,
    View,
    containers,
    probe_seconds,
    seconds_of,
)
from beside import Beside

Object = dict[str, Any]
NAME = NAMESPACE = "faults"
HOST = "faults.test"
KINDS = {
    "secrets": "/api/v1",
    "deployments": "/apis/apps/v1",
    "services": "/api/v1",
    "ingresses": "/apis/networking.k8s.io/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "poddisruptionbudgets": "/apis/{policy}",
}
# What the server writes, and what tells how often something was deployed rather than what.
NOISE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")


class Observer:
    """Reads the target's part of the cluster."""

    def __init__(self, client: KubeClient) -> None:
        self.client = client
        self.policy = str(client.get("/apis/policy")["preferredVersion"]["groupVersion"])

    def path(self, plural: str, name: str = "") -> str:
        prefix = KINDS.get(plural, "/apis/apps/v1" if plural == "replicasets" else "/api/v1")
        return f"{prefix.format(policy=self.policy)}/namespaces/{NAMESPACE}/{plural}" + (f"/{name}" if name else "")

    def view(self) -> View:
        """The rollout as it is now."""
        found = self.client.get(self.path("deployments", NAME))
        items = [self.client.get(self.path(plural)).get("items") or [] for plural in ("replicasets", "pods")]
        return View(found, items[0], items[1], [], time.time() + self.client.clock())

    def revision(self) -> str:
        """What the current version is called."""
        view = self.view()
        return current_hash(view.deployment, view.replica_sets)

    def objects(self) -> dict[str, Object]:
        """What was deployed, without what the cluster itself adds."""
        found = {}
        for plural in KINDS:
            item = self.client.find(self.path(plural, NAME))
            if item is None:
                continue
            item.pop("status", None)
            item["metadata"] = {key: value for key, value in item["metadata"].items() if key not in NOISE}
            annotations = item["metadata"].get("annotations") or {}
            annotations.pop("deployment.kubernetes.io/revision", None)
            if not annotations:
                item["metadata"].pop("annotations", None)
            found[plural] = item
        return found

    def versions(self) -> dict[str, str]:
        """What differs as soon as anybody has written any of them, or made it again, be it the same as before."""
        found = {plural: (self.client.find(self.path(plural, NAME)) or {}).get("metadata", {}) for plural in KINDS}
        # Where there is a status, its writing raises the version, too; the generation counts what was asked for.
        return {
            plural: f"{item.get('uid')} {item.get('generation') or item.get('resourceVersion')}"
            for plural, item in found.items()
        }

    def kept(self) -> list[str]:
        """The names of the Secrets, revisions among them."""
        listed = self.client.get(self.path("secrets")).get("items") or []
        return sorted(
            str(item["metadata"]["name"]) for item in listed if item["type"] != "kubernetes.io/service-account-token"
        )

    def ready_pods(self) -> list[str]:
        """The names of the ready Pods of the current version."""
        return [
            pod["metadata"]["name"] for pod in self.view().newest() if condition(pod, "Ready").get("status") == "True"
        ]


def _any_container(view: View, wanted: Callable[[Any], bool]) -> bool:
    return any(wanted(one) for pod in view.newest() for one in containers(pod))


def _probes_are_over(view: View) -> bool:
    """All the time that the probes allow has passed: from here on it can be seen that they never pass."""
    return _any_container(
        view,
        lambda one: (
            one.running_since
            and not one.ready
            and view.now - one.running_since
            > probe_seconds(one.spec.get("startupProbe")) + probe_seconds(one.spec.get("readinessProbe"))
        ),
    )


def _others_were_up(view: View, pod: Object, ended: Container) -> bool:
    """An end while its neighbour is still starting may be because of that: it is the next one that tells."""
    end = seconds_of(ended.last_end.get("finishedAt"))
    others = [one for one in containers(pod) if one.name != ended.name]
    return all(one.up and view.up_since.get(one.key, 0) <= end for one in others)


# From when on somebody who looks closely can know it.
SEEN: dict[str, Callable[[View], bool]] = {
    "waiting": lambda view: _any_container(
        view,
        lambda one: (
            one.waiting.get("reason", "") not in ("", "ContainerCreating", "PodInitializing", "CrashLoopBackOff")
        ),
    ),
    "crash-loop": lambda view: any(
        one.ended and one.ends > 1 and _others_were_up(view, pod, one)
        for pod in view.newest()
        for one in containers(pod)
    ),
    "out-of-memory": lambda view: _any_container(view, lambda one: one.last_end.get("reason") == "OOMKilled"),
    "probes": _probes_are_over,
    # The database has been up since, and refuses the login since.
    "running": lambda view: any(
        all(one.running_since for one in containers(pod)) and any(one.up for one in containers(pod))
        for pod in view.newest()
    ),
    "refused": lambda view: condition(view.current_set(), "ReplicaFailure").get("status") == "True",
    "unscheduled": lambda view: any(condition(pod, "PodScheduled").get("status") == "False" for pod in view.newest()),
    "ready": lambda view: any(condition(pod, "Ready").get("status") == "True" for pod in view.newest()),
    # Of one version: another may well give other answers.
    "two-ready": lambda view: sum(condition(pod, "Ready").get("status") == "True" for pod in view.newest()) > 1,
    "rolled": lambda view: not unfinished(view.deployment),
    "now": bool,
}


class Watch(Beside):
    """Notes when a fault in a version later than `before` can first be seen, and acts once a new Pod is ready."""

    def __init__(
        self, observer: Observer, seen: str, before: str, on_ready: Callable[[str], None] | None = None
    ) -> None:
        # Of its own: a connection is for one thread.
        self.observer = Observer(observer.client.twin())
        self.seen, self.before, self.on_ready = SEEN[seen], "" if seen == "now" else before, on_ready
        self.at: float | None = None
        self.acted = on_ready is None
        self.judge = Judge()
        super().__init__(0.25)

    def once(self) -> bool:
        try:
            view = self.observer.view()
            view = View(**{**view.__dict__, "up_since": dict(self.judge.note(view.pods, view.now))})
        except KubeError:
            return True
        if current_hash(view.deployment, view.replica_sets) == self.before:
            return True
        if not self.acted:
            ready = [pod for pod in view.newest() if condition(pod, "Ready").get("status") == "True"]
            if not ready or not self.on_ready:
                return True
            self.on_ready(str(ready[0]["metadata"]["name"]))
            self.acted = True
        if self.at is None and self.seen(view):
            self.at = time.monotonic()
        return self.at is None


class Users(Beside):
    """A few requests a second through the Ingress, as long as it takes."""

    def __init__(self, ingress: str, interval: float = 0.2) -> None:
        self.ingress = ingress
        self.answers: list[tuple[float, int]] = []
        # What those that failed got: a status, or what became of the connection.
        self.failures: Counter[str] = Counter()
        super().__init__(interval)

    @property
    def failed(self) -> int:
        """How many got no answer, or a wrong one."""
        return sum(status != 200 for _, status in self.answers)

    def outage(self) -> float:
        """Seconds from the first to the last request that failed."""
        times = [at for at, status in self.answers if status != 200]
        return times[-1] - times[0] + self.interval if times else 0.0

    def once(self) -> bool:
        at = time.monotonic()
        connection = http.client.HTTPConnection(self.ingress, timeout=5)
        try:
            connection.request("GET", "/users/1", headers={"Host": HOST})
            self.answers.append((at, connection.getresponse().status))
            self.failures.update([str(self.answers[-1][1])] if self.answers[-1][1] != 200 else [])
        except (OSError, http.client.HTTPException) as error:
            self.answers.append((at, 0))
            self.failures.update([type(error).__name__])
        finally:
            connection.close()
        return True
