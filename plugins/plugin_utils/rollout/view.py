"""What is known of a rollout at one moment, and the questions that judging it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..kube.errors import one_line
from ..objects.deployments import current_hash, is_stateful, of_version, standing

Object = dict[str, Any]
# Why a node lets a Pod go through no fault of the Pod's: it is to run elsewhere.
MOVED = frozenset(
    {"NodeShutdown", "Shutdown", "Terminated", "NodeLost", "NodeAffinity", "Preempting", "PreemptionByScheduler"}
)
# Somebody is bringing more nodes, and may need so long for one.
SCALING = ("TriggeredScaleUp", "Nominated")
SCALING_SECONDS = 900.0
# What Kubernetes takes for a probe that does not say otherwise.
PERIOD, FAILURES, TIMEOUT = 10, 3, 1


def seconds_of(stamp: object) -> float:
    """A timestamp of the API as seconds since 1970; 0 for none."""
    if not stamp:
        return 0.0
    return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).astimezone(UTC).timestamp()


def probe_seconds(probe: Mapping[str, Any] | None) -> float:
    """How long a probe may fail before that counts, as its author set it."""
    if not probe:
        return 0.0
    tries = int(probe.get("periodSeconds", PERIOD)) * int(probe.get("failureThreshold", FAILURES))
    return float(int(probe.get("initialDelaySeconds", 0)) + tries + int(probe.get("timeoutSeconds", TIMEOUT)))


@dataclass(frozen=True)
class Container:
    """A container of a Pod: what was asked for, and how it is."""

    pod: str
    name: str
    spec: Object
    status: Object
    init: bool = False

    @property
    def key(self) -> str:
        """Pod and container."""
        return f"{self.pod}/{self.name}"

    @property
    def waiting(self) -> Object:
        """Why it waits; empty when it does not."""
        return (self.status.get("state") or {}).get("waiting") or {}

    @property
    def running_since(self) -> float:
        """When it was started; 0 when it does not run."""
        return seconds_of(((self.status.get("state") or {}).get("running") or {}).get("startedAt"))

    @property
    def last_end(self) -> Object:
        """How it ended the last time; empty when it never did."""
        now = (self.status.get("state") or {}).get("terminated")
        return now or (self.status.get("lastState") or {}).get("terminated") or {}

    @property
    def ended(self) -> bool:
        """Whether it has ended and not been started again."""
        state = self.status.get("state") or {}
        return "terminated" in state or self.waiting.get("reason") == "CrashLoopBackOff"

    @property
    def ends(self) -> int:
        """How often it has ended so far."""
        return int(self.status.get("restartCount", 0)) + (1 if self.ended else 0)

    @property
    def ready(self) -> bool:
        """Whether its probes pass."""
        return bool(self.status.get("ready"))

    @property
    def up(self) -> bool:
        """Whether others can rely on it: ready, or at least through with its startup probe."""
        return self.ready or bool(self.spec.get("startupProbe") and self.status.get("started"))

    @property
    def image(self) -> str:
        """The image asked for."""
        return str(self.spec.get("image", ""))


def containers(pod: Object) -> list[Container]:
    """The containers of a Pod that have a state, in the order of its spec, initial ones first."""
    found: list[Container] = []
    for init, specs, states in (
        (True, "initContainers", "initContainerStatuses"),
        (False, "containers", "containerStatuses"),
    ):
        known = {item["name"]: item for item in (pod.get("status") or {}).get(states) or []}
        found += [
            Container(str(pod["metadata"]["name"]), spec["name"], spec, known[spec["name"]], init)
            for spec in pod["spec"].get(specs) or []
            if spec["name"] in known
        ]
    return found


def fallen_before(pods: list[Object], moment: float) -> frozenset[str]:
    """The uids of the Pods that had failed by then, as far as their own stamps tell."""
    return frozenset(
        str(pod["metadata"]["uid"])
        for pod in pods
        if (pod.get("status") or {}).get("phase") == "Failed" and _last_stamp(pod) < moment
    )


def ends_before(pods: list[Object], moment: float) -> dict[str, int]:
    """How often containers had ended by then, of those that have not ended since."""
    return {
        item.key: item.ends
        for pod in pods
        for item in containers(pod)
        if 0 < seconds_of(item.last_end.get("finishedAt")) < moment
    }


def _last_stamp(pod: Object) -> float:
    status = pod.get("status") or {}
    stamps = [pod["metadata"].get("creationTimestamp"), status.get("startTime")]
    stamps += [one.get("lastTransitionTime") for one in status.get("conditions") or []]
    stamps += [
        ((one.get("state") or {}).get("terminated") or {}).get("finishedAt")
        for one in status.get("containerStatuses") or []
    ]
    return max(map(seconds_of, stamps))


@dataclass(frozen=True)
class View:
    """A Deployment or StatefulSet, what belongs to it, and the time at the server, at one moment."""

    deployment: Object
    replica_sets: list[Object] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    now: float = 0.0
    # When a container was first seen up (see Container.up), by its key.
    up_since: Mapping[str, float] = field(default_factory=dict)
    # The end of the log of containers that run and are not ready, by key.
    logs: Mapping[str, str] = field(default_factory=dict)
    # When the watching began; what is older says nothing about now. 0: there is no before.
    began: float = 0.0
    # The Pods (by uid) that had failed by then, and how often containers had ended (by key).
    past: frozenset[str] = frozenset()
    ended_before: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The Deployment's name."""
        return str(self.deployment["metadata"]["name"])

    def newest(self) -> list[Object]:
        """The Pods of the current version: trouble of older ones is no news."""
        return self._current(standing(self.pods))

    def fallen(self) -> list[Object]:
        """Pods of the current version that their node has given up for want of something, while it was watched."""
        return [
            pod
            for pod in self._current(self.pods)
            if (pod.get("status") or {}).get("phase") == "Failed"
            and (pod.get("status") or {}).get("reason") not in MOVED
            and str(pod["metadata"]["uid"]) not in self.past
        ]

    def older(self, name: str) -> bool:
        """Whether a Pod was there before the watching began, so that what is said of it may be of before."""
        made = (pod["metadata"].get("creationTimestamp") for pod in self.pods if pod["metadata"]["name"] == name)
        return any(stamp and seconds_of(stamp) < self.began for stamp in made)

    def ends(self, container: Container) -> int:
        """How often a container has ended since the watching began."""
        return container.ends - self.ended_before.get(container.key, 0)

    def leaving(self) -> bool:
        """Whether Pods are on their way out: they still hold room and quota that others wait for."""
        return any(pod["metadata"].get("deletionTimestamp") for pod in self.pods)

    def current_set(self) -> Object:
        """What makes the current Pods: a StatefulSet itself, or a ReplicaSet, empty when there is none yet."""
        if is_stateful(self.deployment):
            return self.deployment
        wanted = current_hash(self.deployment, self.replica_sets)
        labels = [(item, (item["metadata"].get("labels") or {}).get("pod-template-hash")) for item in self.replica_sets]
        return next((item for item, label in labels if wanted and label == wanted), {})

    def events_of(self, name: str, *reasons: str, container: str = "") -> list[Object]:
        """The events about an object (and one of its containers) with one of the reasons, oldest first.

        None from before the watching began, except for what takes its time: somebody is bringing nodes.
        """
        place = f"{{{container}}}"
        since = min(self.began, self.now - SCALING_SECONDS) if set(reasons) == set(SCALING) else self.began
        found = [
            event
            for event in self.events
            if (not self.began or event_time(event) >= since)
            and (event.get("involvedObject") or {}).get("name") == name
            and (not reasons or event.get("reason") in reasons)
            and (not container or str((event.get("involvedObject") or {}).get("fieldPath") or "").endswith(place))
        ]
        return sorted(found, key=event_time)

    def said(self, name: str, *reasons: str, container: str = "") -> str:
        """The event that says most: "Failed to pull image …: not found" rather than "Error: ErrImagePull"."""
        messages = [str(event.get("message") or "") for event in self.events_of(name, *reasons, container=container)]
        return one_line(max(messages, key=len, default=""))

    def noticed(self) -> bool:
        """Whether the cluster has noticed the newest version: until then, what it says is of the one before."""
        noticed = (self.deployment.get("status") or {}).get("observedGeneration", 0)
        return bool(noticed >= self.deployment["metadata"].get("generation", 0))

    def _current(self, pods: list[Object]) -> list[Object]:
        if not self.noticed():
            return []
        return of_version(pods, self.deployment, current_hash(self.deployment, self.replica_sets))


def event_time(event: Object) -> float:
    """When an event was last seen. Those of the newer API (events.k8s.io) count what repeats as a series."""
    last = event.get("lastTimestamp") or (event.get("series") or {}).get("lastObservedTime") or event.get("eventTime")
    return seconds_of(last or event["metadata"].get("creationTimestamp"))
