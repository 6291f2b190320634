"""Wait until a Deployment's Pods are the wanted ones and ready, or until that is hopeless."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..module_utils import kube_rollout as rollout
from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_errors import ApiError, ConnectionFailedError, KubeError, one_line
from ..plugin_utils.kube_action import KubeAction

# How long trouble must last before it counts: a registry may hiccup, a quota may be freed.
PATIENCE = 12.0
# A watch ends after this many seconds at the latest, so that the Pods are looked at, too.
WATCH = 3


class ActionModule(KubeAction):
    """The action `rollout_wait`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "timeout": {"type": "int", "default": 300},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Wait; in check mode only say how things are."""
        watch = Rollout(client, arguments["namespace"], arguments["name"])
        if self._task.check_mode:
            return {"changed": False, "pods": watch.pods_now(), "skipped_wait": True}
        started = time.monotonic()
        pods = watch.wait(arguments["timeout"])
        return {"changed": False, "pods": pods, "seconds": round(time.monotonic() - started, 1)}


@dataclass
class Rollout:
    """One Deployment being watched."""

    client: KubeClient
    namespace: str
    name: str
    shown: str = ""
    since: dict[str, float] = field(default_factory=dict)

    def wait(self, timeout: int) -> list[dict[str, str]]:
        """Return the Pods when the rollout is complete; raise when it cannot be, or not in time."""
        deadline = time.monotonic() + timeout
        while True:
            deployment = self.deployment()
            lacking = rollout.unfinished(deployment)
            pods = self.pods(deployment)
            if not lacking:
                return rollout.pod_summary(rollout.standing(pods))
            newest = self.newest(deployment, pods)
            self.give_up_if_hopeless(rollout.troubles(deployment, newest))
            self.show(rollout.progress_line(deployment))
            left = deadline - time.monotonic()
            if left <= 0:
                details = rollout.not_ready(newest)
                raise KubeError(
                    f"Deployment {self.name} in namespace {self.namespace} was not rolled out within {timeout} s; "
                    f"still waiting for {lacking}." + (f" {details}." if details else "")
                )
            self.until_change(str(deployment["metadata"]["resourceVersion"]), max(1, min(WATCH, int(left))))

    def pods_now(self) -> list[dict[str, str]]:
        """The Pods there are, none when there is no Deployment yet."""
        deployment = self.client.find(self.path("deployments", self.name))
        return rollout.pod_summary(rollout.standing(self.pods(deployment))) if deployment else []

    def path(self, plural: str, name: str = "") -> str:
        """The path of a collection in the namespace, or of one of its objects."""
        prefix = "/api/v1" if plural == "pods" else "/apis/apps/v1"
        return f"{prefix}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def deployment(self) -> rollout.Object:
        """The Deployment, which has to be there."""
        found = self.client.find(self.path("deployments", self.name))
        if found is None:
            raise KubeError(f"Deployment {self.name} is not in namespace {self.namespace}: deploy it first.")
        return found

    def pods(self, deployment: rollout.Object) -> list[rollout.Object]:
        """All Pods that the Deployment selects."""
        return self._selected("pods", deployment)

    def newest(self, deployment: rollout.Object, pods: list[rollout.Object]) -> list[rollout.Object]:
        """The Pods of the Deployment's current version: trouble of older ones is no news."""
        current = rollout.current_hash(deployment, self._selected("replicasets", deployment))
        return [
            pod
            for pod in rollout.standing(pods)
            if current and pod["metadata"].get("labels", {}).get("pod-template-hash") == current
        ]

    def _selected(self, plural: str, deployment: rollout.Object) -> list[rollout.Object]:
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        items = self.client.get(self.path(plural), labelSelector=selector).get("items", [])
        return list(items)

    def give_up_if_hopeless(self, troubles: list[rollout.Trouble]) -> None:
        """Fail as soon as trouble has lasted: waiting for the deadline would tell no more."""
        now = time.monotonic()
        self.since = {item.key: self.since.get(item.key, now) for item in troubles}
        for trouble in troubles:
            if trouble.at_once or now - self.since[trouble.key] >= PATIENCE:
                raise KubeError(
                    f"Deployment {self.name} in namespace {self.namespace} cannot come up: "
                    f"{(trouble.text + self.last_words(trouble)).rstrip('.')}. "
                    "Pods of the version before, if any, keep serving."
                )

    def last_words(self, trouble: rollout.Trouble) -> str:
        """What more there is to know: the end of a crashed container's log, or the Pod's last warning."""
        try:
            if trouble.crashed:
                path = f"{self.path('pods', trouble.pod)}/log"
                log = self.client.text(path, container=trouble.container, previous="true", tailLines="3")
                return f"; its last lines: {one_line(log, 300)}" if log.strip() else ""
            if trouble.pod and "BackOff" in trouble.text:
                selector = f"involvedObject.name={trouble.pod},type=Warning"
                events = self.client.get(f"/api/v1/namespaces/{self.namespace}/events", fieldSelector=selector)
                cause = rollout.longest_message(events.get("items", []))
                return f"; {one_line(cause, 300)}" if cause else ""
        except KubeError:
            # Not everybody may read logs and events: what is known without them has to do.
            pass
        return ""

    def show(self, line: str) -> None:
        """Print progress, only when there is some."""
        if line != self.shown:
            Display().display(f"  {line}")
            self.shown = line

    def until_change(self, version: str, seconds: int) -> None:
        """Block until the Deployment changes; without the right to watch, look again in a second."""
        try:
            self.client.watch_once(self.path("deployments"), self.name, version, seconds)
        except (ApiError, ConnectionFailedError):
            time.sleep(1)
