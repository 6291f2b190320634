"""Which Pod did what when, while a rollout was watched: kept for the evidence, and no part of judging it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ..objects.conditions import condition
from .view import View, containers, seconds_of

Object = dict[str, Any]

# What a Pod goes through; each is noted with the seconds since the watching began, negative for what was before.
MOMENTS = ("created", "scheduled", "started", "ready", "leaving", "gone")


@dataclass
class Timeline:
    """Notes the moment at which each step of each Pod is first seen, by the API server's clock."""

    pods: dict[str, Object] = field(default_factory=dict)
    began: float = 0.0
    now: float = 0.0

    def note(self, view: View) -> None:
        """Look at all Pods there are, the leaving ones too."""
        self.began, self.now = self.began or view.now, view.now
        present = {str(pod["metadata"]["name"]): pod for pod in view.pods}
        newest = {str(pod["metadata"]["name"]) for pod in view.newest()}
        for name, pod in present.items():
            known = name in self.pods
            entry = self.pods.setdefault(name, {"name": name, "current": False, "moments": {}})
            entry["current"] = entry["current"] or name in newest
            for moment, stamp in moments(pod).items():
                # What is seen as it happens is known to the tenth of a second, what was before as the cluster noted it.
                at = self.now if known else min(stamp or self.now, self.now)
                entry["moments"].setdefault(moment, round(at - self.began, 1))
        for name, entry in self.pods.items():
            if name not in present:
                entry["moments"].setdefault("gone", round(self.now - self.began, 1))

    def as_dict(self) -> Object:
        """As plain data: when it began, how long it was watched, the Pods in the order of their making."""
        rows = sorted(self.pods.values(), key=lambda entry: (entry["moments"].get("created", 0.0), entry["name"]))
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)) if self.began else ""
        return {"began": began, "seconds": round(self.now - self.began, 1), "pods": rows}


def moments(pod: Object) -> dict[str, float]:
    """The steps that a Pod has behind it, each with the cluster's own time for it, 0 where it gives none."""
    found = {"created": seconds_of(pod["metadata"].get("creationTimestamp"))}
    for moment, kind in (("scheduled", "PodScheduled"), ("ready", "Ready")):
        state = condition(pod, kind)
        if state.get("status") == "True":
            found[moment] = seconds_of(state.get("lastTransitionTime"))
    running = [one.running_since for one in containers(pod) if not one.init]
    if running and len(running) == len(pod["spec"]["containers"]) and all(running):
        found["started"] = max(running)
    if stamp := pod["metadata"].get("deletionTimestamp"):
        # It is the time at which the Pod is killed at the latest; it was told to go that much earlier.
        found["leaving"] = seconds_of(stamp) - float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    return found
