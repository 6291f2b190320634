"""Maintenance of a target: its Service leads to the page's Pods, or to none, and no longer to its own.

The Service is what every way in ends at, whatever controller serves it, so nothing else has to change. Deployment, Pods
and Ingress stay as they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import KubeError
from ..objects.labels import OURS, whoami
from ..objects.managed_fields import MANAGER

Object = dict[str, Any]

# The label of the page's Pods, whose value is the target's name; and the annotation that says since when and by whom.
LABEL = f"{OURS}/maintenance"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Maintenance:
    """What a Service says of it."""

    on: bool
    since: str = ""
    by: str = ""

    @property
    def told(self) -> str:
        """For people: since when, and by whom."""
        return (f" since {self.since}" if self.since else "") + (f", by {self.by}" if self.by else "")


def maintenance_of(service: Object) -> Maintenance:
    """Whether a Service leads away from its target: its selector counts, whatever is written on it."""
    on = LABEL in ((service.get("spec") or {}).get("selector") or {})
    noted = _noted(service) if on else {}
    return Maintenance(on, str(noted.get("since", "")), str(noted.get("by", "")))


def refusal(service: Object, name: str) -> str:
    """Why nothing is deployed now; empty where nothing stands against it."""
    found = maintenance_of(service)
    return f"Maintenance of {name} is on{found.told}: end it first (make maintenance-off)." if found.on else ""


class Switch:
    """Turns maintenance of one target on and off."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        """Nothing is asked yet."""
        self.client, self.name, self.namespace = client, name, namespace
        self.path = f"/api/v1/namespaces/{namespace}/services/{name}"

    def service(self) -> Object:
        """The Service. Raises KubeError where there is none."""
        found = self.client.find(self.path)
        if found is None:
            raise KubeError(f"Service {self.name} is not in namespace {self.namespace}: deploy it first (make deploy).")
        return found

    def turn_on(self, service: Object) -> Maintenance:
        """Lead users to the page, or to nobody; what the selector was is kept on the Service."""
        selector = (service.get("spec") or {}).get("selector") or {}
        now = datetime.now(UTC) + timedelta(seconds=self.client.clock())
        since = now.strftime("%Y-%m-%d %H:%M:%S UTC")
        note = json.dumps({"since": since, "by": whoami(), "selector": selector})
        self._patch(service, {**dict.fromkeys(selector), LABEL: self.name}, note)
        return Maintenance(True, since, whoami())

    def turn_off(self, service: Object) -> None:
        """Lead users to the target's own Pods again."""
        selector = _noted(service).get("selector") or self._own_selector()
        now = (service.get("spec") or {}).get("selector") or {}
        self._patch(service, {**dict.fromkeys(now), **selector}, None)

    def _own_selector(self) -> Object:
        """What the Deployment's Pods have, where somebody has removed the note."""
        deployment = self.client.find(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{self.name}")
        if deployment is None:
            raise KubeError(
                f"What Service {self.name} led to is written on it no more, and Deployment {self.name} is not in "
                f"namespace {self.namespace}: remove the Service, and deploy it again."
            )
        return dict(deployment["spec"]["selector"].get("matchLabels") or {})

    def _patch(self, service: Object, selector: Object, note: str | None) -> None:
        """Raises KubeError where somebody was quicker, too."""
        metadata = {"annotations": {LABEL: note}, "resourceVersion": service["metadata"].get("resourceVersion")}
        body: Object = {"metadata": metadata, "spec": {"selector": selector}}
        self.client.request("PATCH", self.path, {"fieldManager": f"{MANAGER}-maintenance"}, body, MERGE)


def _noted(service: Object) -> Object:
    try:
        found = json.loads((service["metadata"].get("annotations") or {})[LABEL])
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
