"""When trouble is hopeless: what has lasted longer than it may, and which cause to name."""

from __future__ import annotations

from dataclasses import dataclass, field

from .causes import Rules, Trouble, troubles
from .view import Object, View, containers, ends_before, fallen_before

# After an outage, what the cluster says is what it last heard: nodes and controllers need as long to catch up.
SETTLE = 15.0
# A shorter one is a connection that was made again, and nothing to catch up with.
OUTAGE_SECONDS = 1.0


@dataclass
class Judge:
    """Remembers since when each trouble has been seen."""

    rules: Rules = field(default_factory=Rules)
    since: dict[str, float] = field(default_factory=dict)
    left_at: dict[str, float] = field(default_factory=dict)
    up_since: dict[str, float] = field(default_factory=dict)
    # When the watching began, by the server's clock: what is older is no news. 0: all of it is.
    began: float = 0.0
    # The Pods that had failed, and how often containers had ended, by then.
    past: frozenset[str] = frozenset()
    ends: dict[str, int] = field(default_factory=dict)
    # Nothing is hopeless before: the cluster is catching up with an outage.
    settled_at: float = 0.0
    looked: bool = False
    present: list[Trouble] = field(default_factory=list)

    def look(self, view: View) -> Trouble | None:
        """The trouble to give up for, if there is any that will not resolve by itself."""
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
        if not self.looked:
            self.past, self.ends = fallen_before(pods, self.began), ends_before(pods, self.began)
        up = {item.key for pod in pods for item in containers(pod) if item.up}
        self.up_since = {key: self.up_since.get(key, now if self.looked else 0.0) for key in up}
        self.looked = True
        return self.up_since

    def missed(self, seconds: float, now: float) -> None:
        """The cluster was out of sight for so long: no clock has run, and what it says now may be of before."""
        self.since = {key: at + seconds for key, at in self.since.items()}
        self.left_at = {key: at + seconds for key, at in self.left_at.items()}
        if seconds >= OUTAGE_SECONDS:
            self.settled_at = now + max(SETTLE, seconds)

    def due(self, trouble: Trouble) -> float:
        """When, by the server's clock, a trouble is hopeless."""
        since = self.since[trouble.key]
        left = self.left_at.get(trouble.key)
        if left is not None:
            # The longer it was refused, the longer the cluster waits between its own attempts.
            return max(left + max(trouble.patience, left - since), self.settled_at)
        return max(since + trouble.patience, trouble.not_before, self.settled_at)

    def next_look(self, now: float) -> float:
        """Seconds until a trouble that is seen now becomes hopeless; infinite when none will."""
        return min((max(0.0, self.due(item) - now) for item in self.present), default=float("inf"))
