"""When trouble is hopeless: what has lasted longer than it may, and which cause to name."""

from __future__ import annotations

from dataclasses import dataclass, field

from .rollout_causes import Rules, Trouble, troubles
from .rollout_view import Object, View, containers


@dataclass
class Judge:
    """Remembers since when each trouble has been seen."""

    rules: Rules = field(default_factory=Rules)
    since: dict[str, float] = field(default_factory=dict)
    left_at: dict[str, float] = field(default_factory=dict)
    up_since: dict[str, float] = field(default_factory=dict)
    looked: bool = False
    present: list[Trouble] = field(default_factory=list)

    def look(self, view: View) -> Trouble | None:
        """The trouble to give up for, if there is any that will not mend itself."""
        self.present = troubles(view, self.rules)
        self.since = {item.key: self.since.get(item.key, view.now) for item in self.present}
        if view.leaving():
            self.left_at |= {item.key: view.now for item in self.present if item.room}
        self.left_at = {key: at for key, at in self.left_at.items() if key in self.since}
        if not any(self.due(item) <= view.now for item in self.present):
            return None
        # What is due may be the symptom of what is not due yet, in the same Pod.
        due = next(item for item in self.present if self.due(item) <= view.now)
        return next(item for item in self.present if item.cause.pod in ("", due.cause.pod))

    def note(self, pods: list[Object], now: float) -> dict[str, float]:
        """Remember which containers are up; those that were at the first look have been for long."""
        up = {item.key for pod in pods for item in containers(pod) if item.up}
        self.up_since = {key: self.up_since.get(key, now if self.looked else 0.0) for key in up}
        self.looked = True
        return self.up_since

    def due(self, trouble: Trouble) -> float:
        """When, by the server's clock, a trouble is hopeless."""
        since = self.since[trouble.key]
        left = self.left_at.get(trouble.key)
        if left is not None:
            # The longer it was refused, the longer the cluster waits between its own attempts.
            return left + max(trouble.patience, left - since)
        return max(since + trouble.patience, trouble.not_before)

    def next_look(self, now: float) -> float:
        """Seconds until a trouble that is seen now becomes hopeless; infinite when none will."""
        return min((max(0.0, self.due(item) - now) for item in self.present), default=float("inf"))
