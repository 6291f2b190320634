"""Stages of a run: which task belongs to which, how long each took before, and what is left."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ...module_utils.whole_file import write_whole

# How many runs of each stage are remembered: enough for a median, few enough to follow a machine that becomes slower.
REMEMBERED = 5
# Below this, what is left is not worth a word.
WORTH_TELLING = 3.0

# A task's stage is what its innermost tag of this kind names, or one that users know (--tags), or its role.
STAGE_TAG = "stage:"
USER_TAGS = ("build", "push", "deploy", "verify", "evidence")
# One stage, whatever roles it takes.
PLATFORM = "platform"
# Its last task gives back what its first has taken, and is no stage of its own.
ONCE = {"prepare"}
# Only these are announced: when one of them begins, there is work to do, and it may take minutes. All others are quick,
# or find that there is nothing to do.
LONG = {"platform", "publish", "rollout", "compose", "teardown"}


def stage_of(role: str, tags: Collection[str]) -> str:
    """The stage that a task belongs to, by its role and its tags, the innermost first."""
    if PLATFORM in tags:
        return PLATFORM
    named = [tag for tag in tags if tag.startswith(STAGE_TAG)]
    known = [tag for tag in tags if tag in USER_TAGS]
    return named[0].removeprefix(STAGE_TAG) if named else known[0] if known else role


@dataclass
class History:
    """How long each stage of each kind of run took, the last few times; kept in one small file."""

    path: Path
    runs: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> History:
        """What is remembered; nothing when the file is missing or is not ours."""
        with suppress(OSError, ValueError, TypeError, AttributeError):
            found = json.loads(path.read_text(encoding="utf-8"))
            runs = {
                str(kind): [{str(name): float(seconds) for name, seconds in run.items()} for run in runs]
                for kind, runs in found.items()
            }
            return cls(path, runs)
        return cls(path)

    def remember(self, kind: str, stages: dict[str, float]) -> None:
        """Add a run; a folder that cannot be written is no reason to fail."""
        runs = [*self.runs.get(kind, []), {name: round(one, 2) for name, one in stages.items()}]
        # Runs that had nothing to do drive out none that built: what each stage took the last few times stays known.
        seen: Counter[str] = Counter()
        kept = []
        for run in reversed(runs):
            if any(seen[name] < REMEMBERED for name in run):
                kept.append(run)
            seen.update(run.keys())
        self.runs[kind] = kept[::-1]
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(self.runs))

    def expected(self, kind: str, stage: str, spent: float = 0.0) -> float | None:
        """How long a stage takes, less what this run has spent in it already; None when it was never seen."""
        seen = [run[stage] for run in self.runs.get(kind, []) if stage in run]
        return max(0.0, statistics.median(seen[-REMEMBERED:]) - spent) if seen else None

    def left(self, kind: str, stage: str, spent: dict[str, float]) -> float | None:
        """How long a stage and all after it take; None when it was never seen.

        What comes after it is what came after it in any remembered run that had it: a run that found nothing to do says
        nothing about one that builds. `spent` is what this run has spent in each stage until now.
        """
        after: dict[str, None] = {}
        for run in self.runs.get(kind, []):
            if stage in run:
                names = list(run)
                after |= dict.fromkeys(names[names.index(stage) :])
        return sum(self.expected(kind, name, spent.get(name, 0.0)) or 0.0 for name in after) if after else None


def announcement(stage: str, expected: float | None, left: float | None) -> str:
    """The line when a stage begins; empty when it will be over before it is read."""
    if stage not in LONG or (expected is not None and expected < WORTH_TELLING):
        return ""
    told = [f"about {duration(expected)}"] if expected is not None else []
    if left is not None and expected is not None and left - expected >= WORTH_TELLING:
        told.append(f"{duration(left)} left in all")
    return f"… {stage}" + (f": {', '.join(told)}" if told else "")


def conclusion(stage: str, seconds: float, changed: int, failed: bool) -> str:
    """The line when a stage is over."""
    mark = "✗" if failed else "✓"
    told = f"  {changed} changed" if changed else ""
    return f"{mark} {stage:<10} {seconds:6.1f} s{told}{'  failed' if failed else ''}"


def duration(seconds: float) -> str:
    """Seconds for people."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"
