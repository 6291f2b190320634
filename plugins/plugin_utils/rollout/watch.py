"""Watch a rollout to its end: complete, hopeless, or out of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..causes import Cause, CausedError
from ..kube.client import KubeClient
from ..kube.errors import KubeError, one_line
from ..kube.watch import Informer, Source
from ..objects import deployments as rollout
from ..redaction.hidden_values import without_secrets
from .causes import RANKS, Rules, Trouble
from .hints import cordoned, hinted, loopback_line
from .hold import Hold
from .judge import OUTAGE_SECONDS, Judge
from .new_pods import NewPods
from .outage import OUTAGE, Outages
from .remedies import LOGIN_REFUSED, REMEDIES
from .timeline import Timeline
from .view import Container, Object, View, containers

# Where the API server keeps what is watched.
PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets"}
# What is at most so much older than the watching belongs to what is watched: it was applied just before.
LEAD = 15.0
# The time that is given grows by what was not seen of it, by so much at most: a lock is held for no longer.
LONGEST_OUTAGES = 2 * OUTAGE
# A line is shown this often even if nothing changes, so that waiting does not look like hanging.
PROGRESS_SECONDS = 30.0
# A container that runs and is not ready has its log looked at this often.
LOG_SECONDS = 2.0
# Trouble below this rank is what waiting looks like, and is not worth a line.
_SYMPTOM = RANKS.index("ProbeNeverPasses")


class Rollout:
    """One Deployment or StatefulSet being watched."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        rules: Rules | None = None,
        show: Callable[[str], None] = print,
        endpoints: list[Object] | None = None,
        kind: str = "Deployment",
    ) -> None:
        """`show` gets the lines of progress; `endpoints` are asked of each new Pod as soon as it is ready."""
        self.kind, self.plural = kind, PLURALS[kind]
        self.client, self.namespace, self.name, self.show = client, namespace, name, show
        self.judge = Judge(rules or Rules())
        self.new_pods = NewPods(client, namespace, endpoints or [], self.judge.rules)
        self.hold = Hold(client, self.path(self.plural, name))
        self.outages = Outages(show)
        # The server's clock is read once: this machine's may be set while it is waited.
        self.ahead = 0.0
        self.timeline = Timeline()
        self.shown: set[str] = set()
        self.last_line, self.last_time = "", time.monotonic()
        self.logs: dict[str, str] = {}
        self.logs_at = 0.0
        # What containers have said about where they listen, which they say but once.
        self.listening: dict[str, str] = {}

    def wait(self, timeout: float) -> list[Object]:
        """Return the Pods when the rollout is complete; raise CausedError when it cannot be, or is not in time."""
        deployment = self.outages.patiently(self.deployment)
        self.ahead = time.time() + self.client.clock() - time.monotonic()
        self.judge.began = self._now() - LEAD
        self.hold.note(deployment)
        if rollout.unfinished(deployment):
            deployment = self._watch(deployment, time.monotonic(), timeout)
        self.hold.release()
        # Each watch has its own pace: ask once more, so that the Pods are those of this end.
        return rollout.standing(self.outages.patiently(lambda: self._selected("pods", deployment)))

    def _watch(self, deployment: Object, began: float, timeout: float) -> Object:
        """The Deployment as it is when its rollout is complete."""
        with Informer(self.client, self._sources(deployment)) as mirror:
            seen, missed = -1, 0.0
            while True:
                now = time.monotonic()
                left = began + timeout + min(self.outages.seconds, LONGEST_OUTAGES) - now
                if fault := mirror.fault():
                    # Nothing is judged while nothing is known, and no time runs.
                    self.outages.bear(*fault)
                    seen = mirror.wait(seen, 1.0)
                    continue
                if mirror.missed() > missed:
                    self._catch_up(mirror.missed() - missed)
                    missed = mirror.missed()
                    continue
                if mirror.complete():
                    view = self._view(mirror)
                    self.timeline.note(view)
                    lacking = rollout.unfinished(view.deployment)
                    if not lacking:
                        return view.deployment
                    self._judge(view, final=left <= 0, lacking=lacking, timeout=timeout)
                elif left <= 0:
                    raise self._error(
                        Cause("DeadlineExceeded", "the cluster did not report how it is", REMEDIES["DeadlineExceeded"])
                    )
                seen = mirror.wait(seen, min(left, self._until_next(mirror)))

    def _catch_up(self, seconds: float) -> None:
        """The cluster is seen again, after so long."""
        self.outages.over(seconds)
        self.judge.missed(seconds, self._now())
        self.new_pods.missed(seconds)

    def _now(self) -> float:
        """The time at the server."""
        return time.monotonic() + self.ahead

    def now(self) -> tuple[list[Object], bool]:
        """The Pods there are, none when there is no Deployment yet, and whether the rollout is complete."""
        deployment = self.client.find(self.path(self.plural, self.name))
        if deployment is None:
            return [], False
        return rollout.standing(self._selected("pods", deployment)), not rollout.unfinished(deployment)

    def path(self, plural: str, name: str = "") -> str:
        """The path of a collection in the namespace, or of one of its objects."""
        prefix = "/apis/apps/v1" if plural in ("replicasets", *PLURALS.values()) else "/api/v1"
        return f"{prefix}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def deployment(self) -> Object:
        """The Deployment or StatefulSet, which has to be there."""
        found = self.client.find(self.path(self.plural, self.name))
        if found is None:
            raise KubeError(f"{self.kind} {self.name} is not in namespace {self.namespace}: deploy it first.")
        return found

    def _selected(self, plural: str, deployment: Object) -> list[Object]:
        return list(self.client.get(self.path(plural), **self._selector(deployment)).get("items", []))

    def _selector(self, deployment: Object) -> dict[str, str]:
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        return {"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}

    def _sources(self, deployment: Object) -> list[Source]:
        selector = self._selector(deployment)
        return [
            Source("deployments", self.path(self.plural), {"fieldSelector": f"metadata.name={self.name}"}),
            Source("replicasets", self.path("replicasets"), selector),
            Source("pods", self.path("pods"), selector),
            # A shared namespace may hold thousands: of the past only warnings, of the present all.
            Source("events", self.path("events"), {"fieldSelector": "type!=Normal"}, {}, optional=True),
        ]

    def _view(self, mirror: Informer) -> View:
        deployments = mirror.items("deployments")
        if not deployments:
            raise KubeError(
                f"{self.kind} {self.name} in namespace {self.namespace} was removed while it was watched: run again."
            )
        objects = {kind: mirror.items(kind) for kind in ("replicasets", "pods", "events")}
        view = self._view_of(deployments[0], **objects)
        return View(**{**view.__dict__, "logs": self._logs_of(view)})

    def _view_of(self, deployment: Object, replicasets: list[Object], pods: list[Object], events: list[Object]) -> View:
        now, judge = self._now(), self.judge
        up = judge.note(pods, now)
        known: dict[str, Any] = {"began": judge.began, "past": judge.past, "ended_before": judge.ends}
        return View(deployment, replicasets, pods, events, now, up, self.logs, **known)

    def _view_by_asking(self, view: View) -> View | None:
        """What the cluster says when it is asked; None where that took an outage.

        A watch may be silent because nobody is at its other end any more: nothing is hopeless by its word alone.
        """
        before = self.outages.seconds

        def ask() -> View:
            deployment = self.deployment()
            objects = {kind: self._selected(kind, deployment) for kind in ("replicasets", "pods")}
            return self._view_of(deployment, **objects, events=view.events)

        fresh = self.outages.patiently(ask)
        missed = self.outages.seconds - before
        if missed < OUTAGE_SECONDS:
            return fresh
        self.judge.missed(missed, self._now())
        self.new_pods.missed(missed)
        return None

    def _judge(self, view: View, final: bool, lacking: str, timeout: float) -> None:
        """Show what is new; raise when it is hopeless, or when the time is up."""
        if self.judge.look(view) and (fresh := self._view_by_asking(view)):
            view = fresh
            if hopeless := self.judge.look(view):
                raise self._error(self._explained(hopeless, view))
        if self.new_pods.judge(view, self.judge.settled_at) and (fresh := self._view_by_asking(view)):
            view = fresh
            if cause := self.new_pods.judge(view, self.judge.settled_at):
                raise self._error(cause)
        self.hold.keep(view, self.new_pods.doubtful())
        self._progress(view, lacking)
        if not final:
            return
        text = f"was not rolled out within {timeout:g} s; still waiting for {lacking}"
        real = [item for item in self.judge.present if item.rank < _SYMPTOM]
        if real:
            raise self._error(self._explained(real[0], view), f"{text}. ")
        details = rollout.not_ready(view.newest())
        message = f"{self.kind} {self.name} {text}" + (f". {details}" if details else "")
        raise self._error(Cause("DeadlineExceeded", message, REMEDIES["DeadlineExceeded"]))

    def _error(self, cause: Cause, prefix: str = "") -> CausedError:
        error = CausedError(
            f"{self.kind} {self.name} in namespace {self.namespace} cannot come up: {prefix}{cause.sentence()} "
            "Pods of the version before, if any, keep serving.",
            cause,
        )
        error.details["timeline"] = self.timeline.as_dict()
        return error

    def _explained(self, trouble: Trouble, view: View) -> Cause:
        """The cause with the end of the container's log, which may tell more than the cluster does."""
        cause = cordoned(trouble.cause, self.client)
        if not trouble.crashed:
            return cause
        words = self._log(cause.pod, cause.container, previous=cause.type != "ProbeNeverPasses", lines=20)
        if cause.type == "ProbeNeverPasses" and (refused := LOGIN_REFUSED.search(words)):
            message = f"{cause.message}; its database refuses the login: {one_line(refused[0], 200)}"
            return Cause("CredentialsRefused", message, REMEDIES["CredentialsRefused"], cause.pod, cause.container)
        cause = hinted(cause, words)
        if not words.strip():
            return cause
        last = "\n".join(words.strip().splitlines()[-3:])
        specs = [pod["spec"] for pod in view.pods if pod["metadata"]["name"] == cause.pod]
        last = without_secrets(self.client, self.namespace, self.name, specs, last)
        text = f"{cause.message}; its last lines: {one_line(last, 400)}"
        return Cause(cause.type, text, cause.remedy, cause.pod, cause.container)

    def _log(self, pod: str, container: str, previous: bool, lines: int, since: int = 0) -> str:
        query = {"container": container, "tailLines": str(lines)} | ({"sinceSeconds": str(since)} if since else {})
        # Of a container that rests, the last run is the current one; only while it runs again it is the previous one.
        for more in ({}, {"previous": "true"}) if previous else ({},):
            try:
                text = self.client.text(f"{self.path('pods', pod)}/log", **query, **more)
            except KubeError:
                # Not everybody may read logs, and a container that is just being started has none.
                continue
            if text.strip() and not text.startswith("unable to retrieve container logs"):
                return text
        return ""

    def _logs_of(self, view: View) -> dict[str, str]:
        """The last seconds of the log of containers that run and do not get ready, for what only they know."""
        now = time.monotonic()
        if now - self.logs_at >= LOG_SECONDS:
            self.logs_at = now
            patience = int(self.judge.rules.patience)
            waiting = [item for pod in view.newest() for item in containers(pod) if self._is_late(item, view.now)]
            self.logs = {item.key: self._log(item.pod, item.name, False, 20, patience) for item in waiting[:4]}
            for item in waiting[:4]:
                if line := loopback_line(self.logs[item.key], item.spec):
                    self.listening[item.key] = line
                elif line := self.listening.get(item.key, ""):
                    self.logs[item.key] += f"\n{line}"
        return self.logs

    def _is_late(self, container: Container, now: float) -> bool:
        return bool(container.running_since) and not container.ready and now - container.running_since > LOG_SECONDS

    def _progress(self, view: View, lacking: str) -> None:
        line = rollout.progress_line(view.deployment)
        now = time.monotonic()
        if line != self.last_line or now - self.last_time >= PROGRESS_SECONDS:
            self.show(f"  {line}" if line != self.last_line else f"  {line}; still waiting for {lacking}")
            self.last_line, self.last_time = line, now
        for trouble in self.judge.present:
            told = f"  {trouble.cause.type}: {one_line(trouble.cause.message, 160)}"
            if trouble.rank < _SYMPTOM and trouble.key + trouble.cause.type not in self.shown:
                self.show(told)
                self.shown.add(trouble.key + trouble.cause.type)

    def _until_next(self, mirror: Informer) -> float:
        """Seconds after which looking again may tell something, though the cluster says nothing."""
        now = self._now()
        pause = min(PROGRESS_SECONDS, self.judge.next_look(now) + 0.05)
        late = any(self._is_late(item, now) for pod in mirror.items("pods") for item in containers(pod))
        starting = any(
            item.running_since and not item.ready for pod in mirror.items("pods") for item in containers(pod)
        )
        pause = min(pause, 1.0) if self.new_pods.wrong_since else pause
        return min(pause, LOG_SECONDS if late or starting else pause)
