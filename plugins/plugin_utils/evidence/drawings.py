"""What stands where in the page's drawings, in percent of their width, so that they fit a phone and a wall."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .answers import INGRESS, asked, key

Object = dict[str, Any]

# What a Pod does from one moment on, until the next; the page has a color for each.
PHASES = {
    "created": "waits for a node",
    "scheduled": "containers start",
    "started": "gets ready",
    "ready": "serves",
    "leaving": "leaves",
}
# Steps between the marks of an axis: 1, 2, 5 and their tens.
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
MARKS = 6
# How many times as long as the slowest start the time from the first to the last may be, to be drawn on one axis.
FAR = 5
# What is drawn beyond the last moment, for the last to become ready to be seen serving.
MARGIN = 1.08


def timeline(evidence: Object) -> Object:
    """Each Pod's way, on one axis: as the rollout was watched, else as the cluster remembers its Pods' starts."""
    watched = evidence["rollout"]
    if watched:
        begin = min([0.0, *(pod["moments"].get("created", 0.0) for pod in watched["pods"] if pod["current"])])
        # Pods that a run which was killed has left may be as old as they like.
        begin = max(begin, -max(10.0, watched["seconds"]))
        rows = [dict(pod, zero=0.0) for pod in watched["pods"]]
        end = watched["seconds"] * MARGIN
        together = True
    else:
        rows, end, together = remembered(evidence["pods"])
        begin = 0.0
    span = max(1.0, end - begin)
    drawn = [drawn_row(row, begin, begin + span) for row in rows]
    # The old ones first, and those that came after them in their order: it reads as a staircase.
    drawn.sort(key=lambda row: (row["current"], row["at"]))
    shown = [{"at": one["at"], "label": one["label"]} for one in marks(span, begin)]
    return {"rows": drawn, "marks": shown, "together": together, "watched": watched, "legend": legend(drawn)}


def remembered(pods: list[Object]) -> tuple[list[Object], float, bool]:
    """The Pods' starts by their conditions, which Kubernetes keeps to the second; and whether on one clock."""
    known = []
    for pod in pods:
        created = moment(pod["created"])
        if created is None:
            continue
        started = [moment(one["started"]) for one in pod["containers"]]
        times = {
            "created": created,
            "scheduled": moment(pod["steps"].get("PodScheduled", "")),
            "started": max((one for one in started if one is not None), default=None) if all(started) else None,
            "ready": moment(pod["steps"].get("Ready", "")),
        }
        known.append((pod, {name: at for name, at in times.items() if at is not None}))
    if not known:
        return [], 0.0, True
    longest = max(at - times["created"] for _, times in known for at in times.values())
    zero = min(times["created"] for _, times in known)
    last = max(at for _, times in known for at in times.values())
    # Pods of other times (of a revision before, or put in the place of one that is gone) would make all bars dots.
    together = last - zero <= FAR * max(longest, 10.0)
    rows = [
        {
            "name": pod["name"],
            "current": pod["current"],
            "moments": {name: at - (zero if together else times["created"]) for name, at in times.items()},
            "zero": 0.0 if together else times["created"] - zero,
        }
        for pod, times in known
    ]
    return rows, (last - zero if together else longest) * MARGIN, together


def drawn_row(row: Object, begin: float, end: float) -> Object:
    """One Pod's row: what it did from when to when, cut to the axis."""
    steps: Mapping[str, float] = row["moments"]
    order = [name for name in PHASES if name in steps]
    stop = min(steps.get("gone", end), end)
    phases = []
    at = begin
    for number, name in enumerate(order):
        # A container that was restarted later has started after the Pod was first ready.
        since = max(at, min(steps[name], end))
        until = stop if number + 1 == len(order) else max(since, min(steps[order[number + 1]], stop))
        at = until
        if until > since:
            seconds = round(until - since, 1)
            left, width = percent(since, begin, end), 100 * (until - since) / (end - begin)
            phases.append(
                {"kind": name, "name": PHASES[name], "left": left, "width": round(width, 2), "seconds": seconds}
            )
    created = steps.get("created", 0.0)
    return {
        "pod": row["name"],
        "current": row["current"],
        "at": created + row["zero"],
        "ready": "ready" in steps,
        "seconds": round(steps["ready"] - created, 1) if "ready" in steps else 0.0,
        "left": round(steps.get("gone", steps.get("leaving", 0.0)), 1),
        "phases": phases,
    }


def percent(value: float, begin: float, end: float) -> float:
    """Where on the axis."""
    return round(100 * (value - begin) / (end - begin), 2)


def legend(rows: list[Object]) -> list[Object]:
    """The phases that are to be seen, in their order."""
    seen = {phase["kind"] for row in rows for phase in row["phases"]}
    return [{"kind": kind, "name": name} for kind, name in PHASES.items() if kind in seen]


def moment(text: str) -> float | None:
    """Seconds of a time as Kubernetes writes it; None when it is not known."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def marks(span: float, begin: float = 0.0) -> list[Object]:
    """The axis's marks: a handful, at round numbers."""
    step = next((step for step in STEPS if span / step <= MARKS), STEPS[-1] * math.ceil(span / STEPS[-1] / MARKS))
    first = math.ceil(begin / step) * step
    return [
        {"at": percent(second, begin, begin + span), "label": duration(second)}
        for second in range(first, math.floor(begin + span) + 1, step)
    ]


def duration(seconds: int) -> str:
    """Seconds for people."""
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def latency(answers: list[Object]) -> Object:
    """Every answer's time as a dot, on one axis for all: logarithmic, for a first answer may take ten times as long."""
    times = [one for answer in answers for one in answer["milliseconds"] if one > 0]
    if not times:
        return {"paths": [], "marks": []}
    low = 10 ** math.floor(math.log10(min(times)))
    high = 10 ** math.ceil(math.log10(max(times) * 1.001))
    width = math.log10(high / low)

    def at(value: float) -> float:
        return round(100 * math.log10(max(value, low) / low) / width, 2)

    scale = [low * 10**power * part for power in range(round(width)) for part in (1, 2, 5)] + [high]
    paths: dict[tuple[str, ...], Object] = {}
    for answer in (one for one in answers if one["milliseconds"]):
        path = paths.setdefault(key(answer), {"path": asked(answer), "name": answer["name"], "ways": []})
        path["ways"].append(
            {
                "via": answer["via"],
                "ingress": answer["via"] == INGRESS,
                "right": answer["right"],
                "dots": [at(one) for one in answer["milliseconds"]],
                "median": at(answer["median"]),
                "milliseconds": answer["median"],
            }
        )
    # Over more than one decade, the 2 and the 5 would stand too close on a phone.
    shown = scale if round(width) == 1 else [low * 10**power for power in range(round(width) + 1)]
    return {"paths": list(paths.values()), "marks": [{"at": at(one), "label": f"{one:g}"} for one in shown]}


def bars(images: list[Object]) -> list[Object]:
    """Each image's layers as parts of a bar; all bars have one scale, so that images can be compared."""
    told = [image for image in images if not image["problem"]]
    largest = max((image["size"] for image in told), default=0) or 1
    return [
        image
        | {
            "share": round(100 * image["size"] / largest, 2),
            "parts": [layer | {"shade": number % 4} for number, layer in enumerate(image["layers"])],
        }
        for image in told
    ]
