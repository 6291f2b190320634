"""Run a Job to its end: done, failed with its log, or hopeless before it could start."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..causes import Cause, CausedError
from ..kube.client import APPLY, KubeClient
from ..kube.errors import KubeError, one_line
from ..objects import jobs
from ..objects.managed_fields import MANAGER
from ..redaction.hidden_values import without_secrets
from ..tenancy.removal import remove
from .causes import Rules
from .judge import Judge
from .outage import Outages
from .remedies import REMEDIES
from .view import View

Object = dict[str, Any]

PAUSE_SECONDS = 1.0
# The cluster ends a Job that takes too long by itself (activeDeadlineSeconds); so much later nobody waits any more.
GRACE_SECONDS = 30.0
# An API server that is asked for the removal of a Job and its Pod.
REMOVAL_SECONDS = 60.0


class JobView(View):
    """A Job in the place of a Deployment: all its Pods are of one version."""

    def newest(self) -> list[Object]:
        """Those that may still get somewhere: why one has failed is in its log."""
        return [pod for pod in self.pods if (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")]

    def fallen(self) -> list[Object]:
        """None: a Pod that has failed is the Job's failure."""
        return []

    def current_set(self) -> Object:
        """What makes the Pods."""
        return self.deployment


@dataclass
class Migration:
    """One Job of a target; `deadline` is its own activeDeadlineSeconds."""

    client: KubeClient
    target: str
    job: Object
    show: Callable[[str], None] = print
    rules: Rules = field(default_factory=Rules)

    def run(self) -> bool:
        """Start it, or take over the one that runs; whether anything was started. Raises CausedError."""
        outages = Outages(self.show)
        path = self.client.path_of(self.job)
        live = outages.patiently(lambda: self.client.find(path))
        if live and jobs.failure(live):
            # It is called after what it does: this is another attempt at the same.
            remove(self.client, [self._named(live)], REMOVAL_SECONDS)
            live = None
        started = live is None
        if started:
            live = self.client.request("PATCH", path, {"fieldManager": MANAGER, "force": "true"}, self.job, APPLY)
        self.show(f"  {self.job['metadata']['name']}: {'started' if started else 'is running, from the run before'}")
        self._watch(path, outages)
        return started

    def _watch(self, path: str, outages: Outages) -> None:
        judge, deadline = Judge(self.rules), time.monotonic() + self._seconds() + GRACE_SECONDS
        while True:
            missed = outages.seconds
            view = outages.patiently(lambda: self._view(path))
            if outages.seconds > missed:
                judge.missed(outages.seconds - missed, view.now)
            if jobs.succeeded(view.deployment):
                return
            if failure := jobs.failure(view.deployment):
                raise self._failed(self._ending(failure, view))
            if hopeless := judge.look(view):
                # It would start by itself as soon as what is in its way is gone, whatever is wanted by then.
                remove(self.client, [self._named(view.deployment)], REMOVAL_SECONDS)
                raise self._failed(hopeless.cause)
            if time.monotonic() > deadline + outages.seconds:
                raise self._failed(Cause("MigrationFailed", "the cluster did not report how it is", ""))
            time.sleep(PAUSE_SECONDS)

    def _seconds(self) -> int:
        return int(self.job["spec"]["activeDeadlineSeconds"])

    def _view(self, path: str) -> JobView:
        job = self.client.find(path)
        if job is None:
            raise KubeError(f"{self._title()} was removed while it was running: look at the database, and run again.")
        namespace = self.job["metadata"]["namespace"]
        chosen = {"labelSelector": f"job-name={self.job['metadata']['name']}"}
        pods = self.client.get(f"/api/v1/namespaces/{namespace}/pods", **chosen)
        events = self.client.get(f"/api/v1/namespaces/{namespace}/events", fieldSelector="type!=Normal")
        now = time.time() + self.client.clock()
        return JobView(job, pods=pods.get("items") or [], events=events.get("items") or [], now=now)

    def _ending(self, failure: Object, view: View) -> Cause:
        """Why it has failed, with the end of what it said."""
        if failure.get("reason") == "DeadlineExceeded":
            text = f"it did not end within {self._seconds()} s (app_migrate_timeout)"
        else:
            text = str(failure.get("message") or failure.get("reason") or "it ended with an error")
        for pod in view.pods:
            if last := self._last_lines(pod):
                return Cause(
                    "MigrationFailed",
                    f"{text}; its last lines: {last}",
                    REMEDIES["MigrationFailed"],
                    str(pod["metadata"]["name"]),
                    "migrate",
                )
        return Cause("MigrationFailed", text, REMEDIES["MigrationFailed"])

    def _last_lines(self, pod: Object) -> str:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        try:
            words = self.client.text(f"/api/v1/namespaces/{namespace}/pods/{name}/log", tailLines="20")
        except KubeError:
            # Who may not read logs is told the rest.
            return ""
        last = "\n".join(words.strip().splitlines()[-5:])
        return one_line(without_secrets(self.client, namespace, self.target, [pod["spec"]], last), 600)

    def _failed(self, cause: Cause) -> CausedError:
        text = f"{self._title()} has not brought the database to where this version wants it: {cause.sentence()} "
        return CausedError(f"{text}Nothing was rolled out.", cause)

    def _title(self) -> str:
        return f"Job {self.job['metadata']['name']} in namespace {self.job['metadata']['namespace']}"

    def _named(self, live: Object) -> Object:
        keys = ("name", "namespace", "uid")
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {key: live["metadata"][key] for key in keys},
        }
