"""Keep a new version from replacing the one before until its first Pod has given the right response.

A new Pod that is ready counts as available only after `minReadySeconds`, and no old one is removed before. The watch
sets a long one as soon as the cluster has noticed the new version, and takes it away when the first new Pod has
responded as it should, or as soon as none is in doubt. Nothing can get stuck by it: after a run that was killed the
rollout goes on by itself, only slowly, and the next run's plan takes it away.
"""

from __future__ import annotations

from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import KubeError
from ..objects.managed_fields import MANAGER
from .view import View

Object = dict[str, Any]
# As long as an outage and the verdict on what was seen after it may take; less than the usual progressDeadlineSeconds.
HOLD_SECONDS = 180
MERGE = "application/merge-patch+json"


def seconds_of(deployment: Object) -> int:
    """How long a ready Pod of it has to wait until it counts."""
    return int((deployment.get("spec") or {}).get("minReadySeconds", 0))


class Hold:
    """The hold on one Deployment; whoever may not change it goes without."""

    def __init__(self, client: KubeClient, path: str) -> None:
        """Nothing is asked yet."""
        self.client, self.path = client, path
        self.seconds = 0

    def note(self, deployment: Object) -> None:
        """What holds when the watching begins."""
        self.seconds = seconds_of(deployment)

    def keep(self, view: View, doubtful: bool) -> None:
        """Hold while the new version is in doubt and there is an old one to be replaced; else let go."""
        status = view.deployment.get("status") or {}
        serving = int(status.get("replicas", 0)) > int(status.get("updatedReplicas", 0))
        if not view.noticed():
            return
        if doubtful and serving and not self.seconds:
            self._set(HOLD_SECONDS)
        elif not (doubtful and serving):
            self.release()

    def release(self) -> None:
        """Let go of what is ours."""
        if self.seconds == HOLD_SECONDS:
            self._set(0)

    def _set(self, seconds: int) -> None:
        body = {"spec": {"minReadySeconds": seconds or None}}
        try:
            self.client.request("PATCH", self.path, {"fieldManager": MANAGER}, body, MERGE)
        except KubeError:
            # Tried again at the next look; who may not do this has not applied it either.
            return
        self.seconds = seconds
