"""Watch a rollout to its end: complete, hopeless, or out of time."""

from __future__ import annotations

import time
from collections.abc import Callable

from . import kube_rollout as rollout
from .causes import Cause, CausedError
from .hidden_values import hidden_values
from .kube_client import KubeClient
from .kube_errors import KubeError, one_line
from .kube_watch import Mirror, Source
from .mask import Mask
from .newcomers import Newcomers
from .rollout_causes import RANKS, Rules, Trouble
from .rollout_judge import Judge
from .rollout_remedies import LOGIN_REFUSED, REMEDIES
from .rollout_timeline import Timeline
from .rollout_view import Container, Object, View, containers

# How long the API server may be away in the middle of a rollout: a lone one restarts in half a minute.
OUTAGE = 60.0
# A line is shown this often even if nothing changes, so that waiting does not look like hanging.
SIGN_OF_LIFE = 30.0
# A container that runs and is not ready has its log looked at this often.
LOG_SECONDS = 2.0
# Trouble below this rank is what waiting looks like, and is not worth a line.
_SYMPTOM = RANKS.index("ProbeNeverPasses")


class Rollout:
    """One Deployment being watched."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        rules: Rules | None = None,
        show: Callable[[str], None] = print,
        endpoints: list[Object] | None = None,
    ) -> None:
        """`show` gets the lines of progress; `endpoints` are asked of each new Pod as soon as it is ready."""
        self.newcomers = Newcomers(client, namespace, endpoints or [])
        self.client, self.namespace, self.name, self.show = client, namespace, name, show
        self.judge = Judge(rules or Rules())
        self.timeline = Timeline()
        self.shown: set[str] = set()
        self.last_line, self.last_time = "", time.monotonic()
        self.logs: dict[str, str] = {}
        self.logs_at = 0.0

    def wait(self, timeout: float) -> list[Object]:
        """Return the Pods when the rollout is complete; raise CausedError when it cannot be, or is not in time."""
        deadline = time.monotonic() + timeout
        deployment = self.deployment()
        if not rollout.unfinished(deployment):
            # The usual case, and two requests: nothing to watch.
            return rollout.standing(self._selected("pods", deployment))
        with Mirror(self.client, self._sources(deployment)) as mirror:
            seen = -1
            while True:
                now = time.monotonic()
                if fault := mirror.fault():
                    self._bear(*fault, final=now >= deadline)
                if mirror.complete():
                    view = self._view(mirror)
                    self.timeline.note(view)
                    lacking = rollout.unfinished(view.deployment)
                    if not lacking:
                        # Each watch has its own pace: ask once more, so that the Pods are those of this end.
                        return rollout.standing(self._selected("pods", view.deployment))
                    self._judge(view, final=now >= deadline, lacking=lacking, timeout=timeout)
                elif now >= deadline:
                    raise self._error(
                        Cause("DeadlineExceeded", "the cluster did not say how it is", REMEDIES["DeadlineExceeded"])
                    )
                seen = mirror.wait(seen, min(deadline - now, self._until_next(mirror)))

    def now(self) -> tuple[list[Object], bool]:
        """The Pods there are, none when there is no Deployment yet, and whether the rollout is complete."""
        deployment = self.client.find(self.path("deployments", self.name))
        if deployment is None:
            return [], False
        return rollout.standing(self._selected("pods", deployment)), not rollout.unfinished(deployment)

    def path(self, plural: str, name: str = "") -> str:
        """The path of a collection in the namespace, or of one of its objects."""
        prefix = "/apis/apps/v1" if plural in ("deployments", "replicasets") else "/api/v1"
        return f"{prefix}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def deployment(self) -> Object:
        """The Deployment, which has to be there."""
        found = self.client.find(self.path("deployments", self.name))
        if found is None:
            raise KubeError(f"Deployment {self.name} is not in namespace {self.namespace}: deploy it first.")
        return found

    def _selected(self, plural: str, deployment: Object) -> list[Object]:
        return list(self.client.get(self.path(plural), **self._selector(deployment)).get("items", []))

    def _selector(self, deployment: Object) -> dict[str, str]:
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        return {"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}

    def _sources(self, deployment: Object) -> list[Source]:
        selector = self._selector(deployment)
        return [
            Source("deployments", self.path("deployments"), {"fieldSelector": f"metadata.name={self.name}"}),
            Source("replicasets", self.path("replicasets"), selector),
            Source("pods", self.path("pods"), selector),
            # A shared namespace may hold thousands: of the past only warnings, of the present all.
            Source("events", self.path("events"), {"fieldSelector": "type!=Normal"}, {}, optional=True),
        ]

    def _view(self, mirror: Mirror) -> View:
        deployments = mirror.items("deployments")
        if not deployments:
            raise KubeError(
                f"Deployment {self.name} in namespace {self.namespace} was removed while it was watched: run again."
            )
        now = time.time() + self.client.clock()
        view = View(
            deployments[0],
            mirror.items("replicasets"),
            mirror.items("pods"),
            mirror.items("events"),
            now,
            self.judge.note(mirror.items("pods"), now),
        )
        return View(**{**view.__dict__, "logs": self._logs_of(view)})

    def _judge(self, view: View, final: bool, lacking: str, timeout: float) -> None:
        """Show what is new; raise when it is hopeless, or when the time is up."""
        hopeless = self.judge.look(view)
        if hopeless:
            raise self._error(self._explained(hopeless, view))
        if cause := self.newcomers.judge(view):
            raise self._error(cause)
        self._progress(view, lacking)
        if not final:
            return
        text = f"was not rolled out within {timeout:g} s; still waiting for {lacking}"
        real = [item for item in self.judge.present if item.rank < _SYMPTOM]
        if real:
            raise self._error(self._explained(real[0], view), f"{text}. ")
        details = rollout.not_ready(view.newest())
        message = f"Deployment {self.name} {text}" + (f". {details}" if details else "")
        raise self._error(Cause("DeadlineExceeded", message, REMEDIES["DeadlineExceeded"]))

    def _error(self, cause: Cause, prefix: str = "") -> CausedError:
        error = CausedError(
            f"Deployment {self.name} in namespace {self.namespace} cannot come up: {prefix}{cause.sentence()} "
            "Pods of the version before, if any, keep serving.",
            cause,
        )
        error.details["timeline"] = self.timeline.as_dict()
        return error

    def _explained(self, trouble: Trouble, view: View) -> Cause:
        """The cause with the end of the container's log, which may tell more than the cluster does."""
        cause = trouble.cause
        if not trouble.crashed:
            return cause
        words = self._log(cause.pod, cause.container, previous=cause.type != "ProbeNeverPasses", lines=3)
        if cause.type == "ProbeNeverPasses" and (refused := LOGIN_REFUSED.search(words)):
            message = f"{cause.message}; its database refuses the login: {one_line(refused[0], 200)}"
            return Cause("CredentialsRefused", message, REMEDIES["CredentialsRefused"], cause.pod, cause.container)
        if not words.strip():
            return cause
        words = self._masked(words, [pod["spec"] for pod in view.pods if pod["metadata"]["name"] == cause.pod])
        return Cause(
            cause.type,
            f"{cause.message}; its last lines: {one_line(words, 400)}",
            cause.remedy,
            cause.pod,
            cause.container,
        )

    def _masked(self, words: str, specs: list[Object]) -> str:
        """The words without what a Pod's Secrets hold; none of them where those cannot be read."""
        hidden = hidden_values(self.client, self.namespace, self.name, specs)
        return f"(not shown: {hidden.unread})" if hidden.unread else Mask(hidden.values)(words)

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
        return self.logs

    def _is_late(self, container: Container, now: float) -> bool:
        return bool(container.running_since) and not container.ready and now - container.running_since > LOG_SECONDS

    def _progress(self, view: View, lacking: str) -> None:
        line = rollout.progress_line(view.deployment)
        now = time.monotonic()
        if line != self.last_line or now - self.last_time >= SIGN_OF_LIFE:
            self.show(f"  {line}" if line != self.last_line else f"  {line}; still waiting for {lacking}")
            self.last_line, self.last_time = line, now
        for trouble in self.judge.present:
            told = f"  {trouble.cause.type}: {one_line(trouble.cause.message, 160)}"
            if trouble.rank < _SYMPTOM and trouble.key + trouble.cause.type not in self.shown:
                self.show(told)
                self.shown.add(trouble.key + trouble.cause.type)

    def _bear(self, fault: KubeError, lasted: float, final: bool) -> None:
        """An API server that is away for a moment is waited for; one that stays away is an error."""
        if final or lasted >= OUTAGE:
            raise fault
        if "outage" not in self.shown:
            self.show(f"  {one_line(str(fault), 200)} Waiting for it, at most {OUTAGE:.0f} s.")
            self.shown.add("outage")

    def _until_next(self, mirror: Mirror) -> float:
        """Seconds after which looking again may tell something, though the cluster says nothing."""
        now = time.time() + self.client.clock()
        pause = min(SIGN_OF_LIFE, self.judge.next_look(now) + 0.05)
        late = any(self._is_late(item, now) for pod in mirror.items("pods") for item in containers(pod))
        starting = any(
            item.running_since and not item.ready for pod in mirror.items("pods") for item in containers(pod)
        )
        pause = min(pause, 1.0) if self.newcomers.wrong_since else pause
        return min(pause, LOG_SECONDS if late or starting else pause, 1.0 if mirror.fault() else pause)
