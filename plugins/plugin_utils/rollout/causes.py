"""What keeps a rollout from completing: a pure function of what the cluster says and of the time.

Nothing here asks or waits. `troubles` names everything that is wrong at one moment; `rollout_judge` decides when it
has lasted long enough to be hopeless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..causes import Cause
from ..kube.errors import one_line
from ..objects.conditions import condition
from .hints import CORDONED, loopback_line
from .remedies import LOGIN_REFUSED, OUT_OF_MEMORY, REMEDIES, SHARED_VOLUME, pith, pull_cause, start_remedy
from .view import (
    SCALING,
    Container,
    Object,
    View,
    containers,
    event_time,
    probe_seconds,
    seconds_of,
)
from .volumes import lacking

# From the root to the symptom: where several things are wrong, the first explains the others.
RANKS = (
    "Paused",
    "AdmissionRefused",
    "ServiceAccountMissing",
    "QuotaExceeded",
    "VolumeNotBound",
    "Unschedulable",
    "Evicted",
    "ImageNameInvalid",
    "ImagePullFailed",
    "SecretMissing",
    "SecretKeyMissing",
    "ConfigMapMissing",
    "ContainerCannotStart",
    "OutOfMemory",
    "CredentialsRefused",
    "ListensOnLoopback",
    "ContainerExited",
    "CrashLoop",
    "CannotStartPod",
    "ProbeNeverPasses",
    "DeadlineExceeded",
)
# A container that ran for less than this has ended at its start, not in its work.
AT_ONCE = 10.0
# A container that ends while its neighbours start may be waiting for them: so many ends are a fault even so.
ENDS_ALONE = 5
# A node that cannot make a Pod's sandbox or volumes may need a minute.
NODE_PATIENCE = 60.0
EVICTIONS = 3
# What holds where nobody has set a patience: a registry that has answered no will not say yes in a moment, and an
# autoscaler that looks every 10 s has to ask a cloud before it says that a node is coming.
DEFAULT_PATIENCE = 12.0
FINAL_PATIENCE = 5.0
ROOM_PATIENCE = 60.0
# A database that is just taking its accounts in may refuse one for a moment.
LOGIN_PATIENCE = 8.0
# An end longer ago than this has nothing to do with what is wrong now.
RECENT = 60.0
NEVER = float("inf")
_PULLING = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}
_STARTING = {
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
}


@dataclass(frozen=True)
class Rules:
    """What counts as hopeless."""

    # Seconds that trouble may last which could resolve by itself: a registry hiccups, the Secret is just being made.
    patience: float = DEFAULT_PATIENCE
    # How often a container may end while it starts.
    ends: int = 3
    # Seconds that a container may take to be ready if it has no startup probe to say so.
    startup: float = 120.0

    def patience_or(self, usual: float) -> float:
        """The patience that somebody has set; where it was left as it is, what is usual for this trouble."""
        return usual if self.patience == DEFAULT_PATIENCE else self.patience


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now, hopeless once it has lasted for `patience` seconds, and not before `not_before`."""

    key: str
    cause: Cause
    patience: float = 0.0
    not_before: float = 0.0
    # What leaves may make room: patience begins when nothing leaves any more.
    room: bool = False
    crashed: bool = False
    rank: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", RANKS.index(self.cause.type))


def troubles(view: View, rules: Rules) -> list[Trouble]:
    """Everything that keeps the newest Pods from coming up, roots before symptoms."""
    found = [*_of_deployment(view, rules), *_of_creation(view, rules), *_of_nodes(view)]
    for pod in view.newest():
        found.extend(_of_pod(view, pod, rules))
    return sorted(found, key=lambda item: item.rank)


def _cause(kind: str, message: str, remedy: str = "", container: Container | None = None, pod: str = "") -> Cause:
    where = (container.pod, container.name) if container else (pod, "")
    place = f"Pod {where[0]}, container {where[1]}: " if container else (f"Pod {pod}: " if pod else "")
    return Cause(kind, place + one_line(message), remedy or REMEDIES[kind], *where)


def _of_deployment(view: View, rules: Rules) -> Iterator[Trouble]:
    if view.deployment["spec"].get("paused"):
        text = f"Deployment {view.name} is paused, so its new version is not rolled out"
        yield Trouble("paused", _cause("Paused", text), rules.patience)
    progress = condition(view.deployment, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded" and view.noticed():
        text = f"Deployment {view.name} made no progress within its progressDeadlineSeconds"
        # How long it may take is for whoever watches to say, and this may be of an attempt before.
        yield Trouble("progress", _cause("DeadlineExceeded", text), NEVER)


def _of_creation(view: View, rules: Rules) -> Iterator[Trouble]:
    """The cluster refuses to make Pods."""
    failure = condition(view.current_set(), "ReplicaFailure") or condition(view.deployment, "ReplicaFailure")
    if failure.get("status") != "True":
        return
    text = str(failure.get("message") or failure.get("reason"))
    said = f"the cluster makes no Pod for Deployment {view.name}: {text}"
    owner = str((view.current_set().get("metadata") or {}).get("name", ""))
    news = seconds_of(failure.get("lastTransitionTime")) >= view.began or view.events_of(owner, "FailedCreate")
    trouble = _creation(text, said, rules)
    # It stays until the cluster tries again, which may be a quarter of an hour later.
    yield trouble if news else _of_before(trouble)


def _creation(text: str, said: str, rules: Rules) -> Trouble:
    if re.search(r"exceeded quota|failed quota", text):
        remedy = "Set requests and limits, as the quota wants them." if "must specify" in text else ""
        return Trouble("creation", _cause("QuotaExceeded", said, remedy), rules.patience, room=True)
    if "serviceaccount" in text and "not found" in text:
        return Trouble("creation", _cause("ServiceAccountMissing", said), rules.patience)
    return Trouble("creation", _cause("AdmissionRefused", said), rules.patience)


def _of_before(trouble: Trouble) -> Trouble:
    """Trouble that was there before it was watched: told, but not judged until it is met again."""
    return replace(trouble, key=f"{trouble.key}/before", patience=NEVER)


def _of_nodes(view: View) -> Iterator[Trouble]:
    fallen = view.fallen()
    if len(fallen) >= EVICTIONS:
        status = fallen[-1].get("status") or {}
        text = f"nodes gave up {len(fallen)} Pods, the last because of {status.get('reason')}: {status.get('message')}"
        yield Trouble("evicted", _cause("Evicted", text, pod=str(fallen[-1]["metadata"]["name"])))


def _of_pod(view: View, pod: Object, rules: Rules) -> Iterator[Trouble]:
    name = str(pod["metadata"]["name"])
    scheduled = condition(pod, "PodScheduled")
    unschedulable = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    if unschedulable or not pod["spec"].get("nodeName"):
        yield from _of_scheduling(view, pod, str(scheduled.get("message") or "") if unschedulable else "", rules)
        return
    yield from _of_volumes_and_sandbox(view, name, pod, rules)
    known = containers(pod)
    for container in known:
        if container.init and container.last_end.get("exitCode") == 0 and not container.waiting:
            continue
        found = [
            item
            for item in (
                _waiting(view, container, rules),
                _refused(view, container, rules),
                _on_loopback(view, container, rules),
                _ended(view, container, known, rules),
            )
            if item
        ]
        yield from found[:1]
    yield from _unready(view, pod, [item for item in known if not item.init], rules)


def _of_scheduling(view: View, pod: Object, words: str, rules: Rules) -> Iterator[Trouble]:
    """A Pod without a node: for want of a volume, or of room; `words` are the scheduler's, if it has said no."""
    name = str(pod["metadata"]["name"])
    if lack := lacking(view, pod, words):
        patience = rules.patience if lack.usual is None else rules.patience_or(lack.usual)
        yield Trouble(f"{name}/scheduled", _cause("VolumeNotBound", lack.words, pod=name), patience)
    elif words and not view.events_of(name, *SCALING):
        cause = _cause("Unschedulable", f"no node takes it: {words}", CORDONED.remedy(words), pod=name)
        yield Trouble(f"{name}/scheduled", cause, rules.patience_or(ROOM_PATIENCE), room=True)


def _of_volumes_and_sandbox(view: View, name: str, pod: Object, rules: Rules) -> Iterator[Trouble]:
    """A Pod whose containers have not begun, for want of a volume or of its own frame."""
    begun = [item for item in containers(pod) if item.running_since or item.last_end]
    if begun or not pod["spec"].get("nodeName"):
        return
    text = view.said(name, "FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume")
    if not text:
        return
    key = f"{name}/frame"
    if missing := re.search(r'(secret|configmap) "([^"]+)" not found', text):
        kind = "SecretMissing" if missing[1] == "secret" else "ConfigMapMissing"
        yield Trouble(key, _cause(kind, f"{missing[0]}, which it mounts", pod=name), rules.patience)
    elif OUT_OF_MEMORY.search(text):
        yield Trouble(key, _cause("OutOfMemory", text, pod=name), rules.patience)
    else:
        remedy = SHARED_VOLUME if "Multi-Attach" in text else ""
        yield Trouble(key, _cause("CannotStartPod", text, remedy, pod=name), max(NODE_PATIENCE, rules.patience))


def _waiting(view: View, container: Container, rules: Rules) -> Trouble | None:
    """A container that cannot even begin."""
    reason, text = str(container.waiting.get("reason", "")), str(container.waiting.get("message") or "")
    if reason == "InvalidImageName":
        cause = _cause("ImageNameInvalid", f"'{container.image}' is not an image name", "", container)
        return Trouble(container.key, cause)
    if reason in _PULLING:
        said = news = view.said(container.pod, "Failed", "InspectFailed", container=container.name)
        said = text if reason == "ErrImagePull" and len(text) > len(said) else said or text or reason
        meaning, remedy, final = pull_cause(said)
        message = f"image {container.image} cannot be pulled: {meaning} ({pith(said)})"
        # One that is away may come back; so may a login that somebody is just making, which the node says it lacks.
        patience = rules.patience_or(FINAL_PATIENCE) if final else rules.patience
        if view.events_of(container.pod, "FailedToRetrieveImagePullSecret"):
            patience = rules.patience_or(NODE_PATIENCE)
        trouble = Trouble(container.key, _cause("ImagePullFailed", message, remedy, container), patience)
        # A node that rests between its attempts, for up to five minutes, has not tried since.
        rests = reason == "ImagePullBackOff" and not news and view.older(container.pod)
        return _of_before(trouble) if rests else trouble
    if reason in _STARTING:
        # Where the node has not heard of the Secret or ConfigMap in time, that says nothing about whether it is there.
        slow = "failed to sync" in text or view.older(container.pod)
        patience = max(NODE_PATIENCE, rules.patience) if slow else rules.patience
        return Trouble(container.key, _not_started(container, text or reason), patience)
    return None


def _not_started(container: Container, text: str) -> Cause:
    if OUT_OF_MEMORY.search(text):
        return _cause("OutOfMemory", f"its memory limit is too small to start it: {text}", "", container)
    if missing := re.search(r'(secret|configmap) "([^"]+)" not found', text):
        kind = "SecretMissing" if missing[1] == "secret" else "ConfigMapMissing"
        return _cause(kind, f"{missing[1].capitalize()} {missing[2]} is not there".replace("map", "Map"), "", container)
    if missing := re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", text):
        kind = "SecretKeyMissing" if missing[2] == "Secret" else "ConfigMapMissing"
        return _cause(kind, f"{missing[2]} {missing[3]} has no key {missing[1]}", "", container)
    return _cause("ContainerCannotStart", f"the node cannot start it: {text}", start_remedy(text), container)


def _ended(view: View, container: Container, others: list[Container], rules: Rules) -> Trouble | None:
    """A container that has ended, which those of a Deployment never should."""
    if not container.last_end or container.ready:
        return None
    trouble = _end(view, container, others, rules)
    return _of_before(trouble) if trouble and view.ends(container) <= 0 else trouble


def _end(view: View, container: Container, others: list[Container], rules: Rules) -> Trouble | None:
    last, ends = container.last_end, view.ends(container)
    reason, code = str(last.get("reason") or ""), last.get("exitCode")
    said = one_line(str(last.get("message") or ""), 300)
    times = "once" if container.ends == 1 else f"{container.ends} times"
    if reason == "OOMKilled":
        limit = ((container.spec.get("resources") or {}).get("limits") or {}).get("memory", "the node's memory")
        text = f"it was ended {times} because it wanted more memory than {limit}"
        cause = _cause("OutOfMemory", text, "", container)
        return Trouble(container.key, cause, 0 if container.ended and ends > 1 else NEVER)
    if reason in ("StartError", "ContainerCannotRun"):
        # All of its words: what went wrong is the last of them.
        whole = str(last.get("message") or reason)
        return Trouble(container.key, _not_started(container, whole), 0 if ends > 1 else NEVER)
    if probe := _killed_by(view, container):
        kind, words = probe
        text = f"it was ended {times} because its {kind} probe never passed" + (f": {words}" if words else "")
        hopeless = kind == "startup" or ends > 1
        cause = _cause("ProbeNeverPasses", text, "", container)
        return Trouble(container.key, cause, rules.patience if hopeless else NEVER, crashed=True)
    if not container.ended:
        return None
    took = seconds_of(last.get("finishedAt")) - seconds_of(last.get("startedAt"))
    name = "ContainerExited" if took < AT_ONCE else "CrashLoop"
    text = f"it ended {times}, the last time after {took:.0f} s with exit code {code}" + (f": {said}" if said else "")
    # An API may end because its database is not up yet: what counts is an end that came when all others were up.
    alone = all(
        item.up and view.up_since.get(item.key, 0) <= seconds_of(last.get("finishedAt"))
        for item in others
        if item.key != container.key and not item.init
    )
    if ends >= (rules.ends if alone else max(ENDS_ALONE, rules.ends)):
        patience = 0.0
    else:
        # Ended twice, and then nothing for so long: the node lets it rest. Else the next end decides.
        patience = rules.patience if alone and ends > 1 else NEVER
    return Trouble(container.key, _cause(name, text, "", container), patience, crashed=True)


def _killed_by(view: View, container: Container) -> tuple[str, str] | None:
    """Which probe a container was just ended for, and what the probe met."""
    last = container.last_end
    began, ended = seconds_of(last.get("startedAt")), seconds_of(last.get("finishedAt"))
    if view.now - ended > RECENT:
        return None
    killed = [
        found[1]
        for event in view.events_of(container.pod, "Killing", container=container.name)
        if event_time(event) >= began
        and (found := re.search(r"failed (startup|liveness) probe", str(event.get("message"))))
    ]
    for event in reversed(view.events_of(container.pod, "Unhealthy", container=container.name)):
        found = re.match(r"(Startup|Liveness) probe (?:failed|errored):? *(.*)", str(event.get("message")), re.DOTALL)
        kind = found[1].lower() if found else ""
        # Without the right to see all events: it ran for about as long as the probe allows, and ended as one told to.
        told = (
            last.get("exitCode") in (0, 137, 143)
            and ended - began >= probe_seconds(container.spec.get(f"{kind}Probe")) / 2
        )
        if found and event_time(event) >= began and (kind in killed or told):
            return kind, one_line(found[2], 200)
    return (killed[-1], "") if killed else None


def _refused(view: View, container: Container, rules: Rules) -> Trouble | None:
    """A container that runs, and that its database does not let in."""
    if container.ready or not container.running_since:
        return None
    said = [
        str(event.get("message"))
        for event in view.events_of(container.pod, "Unhealthy", container=container.name)
        if event_time(event) >= max(container.running_since, view.now - rules.patience)
    ]
    found = LOGIN_REFUSED.search("\n".join([*said, view.logs.get(container.key, "")]))
    if not found:
        return None
    cause = _cause("CredentialsRefused", f"its database refuses the login: {one_line(found[0], 200)}", "", container)
    return Trouble(f"{container.key}/login", cause, rules.patience_or(LOGIN_PATIENCE))


def _on_loopback(view: View, container: Container, rules: Rules) -> Trouble | None:
    """A container that runs and says that it listens where nobody outside the Pod can reach it."""
    refused = "refused" in view.said(container.pod, "Unhealthy", container=container.name)
    if container.ready or not container.running_since or not refused:
        return None
    line = loopback_line(view.logs.get(container.key, ""), container.spec)
    if not line:
        return None
    text = f"it listens on its own loopback, where no probe reaches it: {one_line(line, 200)}"
    return Trouble(f"{container.key}/loopback", _cause("ListensOnLoopback", text, "", container), rules.patience)


def _unready(view: View, pod: Object, known: list[Container], rules: Rules) -> Iterator[Trouble]:
    """Containers that run and are not ready, for longer than their own probes allow them."""
    behind = [item for item in known if item.running_since and not item.ready]
    if not behind:
        return
    fell = condition(pod, "ContainersReady")
    since = seconds_of(fell.get("lastTransitionTime")) if fell.get("status") == "False" else 0.0
    due = max(
        max(since, item.running_since)
        + (probe_seconds(item.spec.get("startupProbe")) or rules.startup)
        + probe_seconds(item.spec.get("readinessProbe"))
        for item in behind
    )
    if view.older(str(pod["metadata"]["name"])):
        # What keeps it may have been put right just before it was watched.
        readiness = max(probe_seconds(item.spec.get("readinessProbe")) for item in behind)
        due = max(due, view.began + rules.patience + readiness)
    # The one that has not even started explains the one that is not ready.
    first = min(behind, key=lambda item: item.up)
    kind = "readiness" if first.up or not first.spec.get("startupProbe") else "startup"
    words = view.said(first.pod, "Unhealthy", container=first.name)
    seconds = view.now - max(since, first.running_since)
    text = f"it runs, but is not ready after {seconds:.0f} s: its {kind} probe never passes" + (
        f": {words}" if words else ""
    )
    cause = _cause("ProbeNeverPasses", text, "", first)
    yield Trouble(f"{first.key}/ready", cause, not_before=due, crashed=True)
