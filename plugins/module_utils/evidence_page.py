"""The evidence as a page: what goes where in its drawings, in percent, so that they fit a phone and a wall."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .endpoints import shortened
from .evidence_answers import INGRESS
from .evidence_images import size

Object = dict[str, Any]

# From the making of a Pod to its being ready, as a reader sees them.
PHASES = (("scheduled", "PodScheduled"), ("containers up", ""), ("ready", "Ready"))
# Steps between the marks of an axis: 1, 2, 5 and their tens.
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
MARKS = 6
# How many times as long as the slowest start the time from the first to the last may be, to be drawn on one axis.
FAR = 5


def render(folder: Path, evidence: Object, files: dict[str, str]) -> str:
    """The page as one text; what comes from the cluster is escaped."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"size": size, "shortened": shortened, "clock": clock}
    page = {
        "evidence": evidence,
        "counts": counts(evidence["checks"]),
        "groups": groups(evidence["checks"]),
        "timeline": timeline(evidence["pods"]),
        "latency": latency(evidence["answers"]),
        "bars": [bars(image) for image in evidence["images"] if not image["problem"]],
        "files": files,
        "short": shorter([pod["name"] for pod in evidence["pods"]]),
    }
    return environment.get_template("index.html.j2").render(page)


def clock(text: str) -> str:
    """The time of a day, of a time as Kubernetes writes it."""
    return text[11:19]


def counts(checks: list[Object]) -> dict[str, int]:
    """How many checks passed, failed, were skipped."""
    return {status: sum(one["status"] == status for one in checks) for status in ("passed", "failed", "skipped")}


def groups(checks: list[Object]) -> list[tuple[str, list[Object]]]:
    """The checks by what they are about; what failed comes first in each."""
    titles = {
        "cluster": "What the cluster says",
        "ingress": "What users get through the Ingress",
        "replica": "What each replica answers",
        "image": "What the registry holds",
    }
    return [
        (title, sorted((one for one in checks if one["group"] == group), key=lambda one: one["status"] != "failed"))
        for group, title in titles.items()
        if any(one["group"] == group for one in checks)
    ]


def shorter(names: list[str]) -> dict[str, str]:
    """Each Pod's name without what all share, as long as they stay different."""
    tails = {name: name.rpartition("-")[2] for name in names}
    return tails if len(set(tails.values())) == len(names) else {name: name for name in names}


def moment(text: str) -> float | None:
    """Seconds of a time as Kubernetes writes it; None when it is not known."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def timeline(pods: list[Object]) -> Object:
    """Each Pod's way from made to ready, on one axis of seconds; times are to the second, as Kubernetes keeps them."""
    rows = []
    for pod in pods:
        created = moment(pod["created"])
        if created is None:
            continue
        started = [moment(one["started"]) for one in pod["containers"]]
        times = [
            moment(pod["steps"].get("PodScheduled", "")),
            max((one for one in started if one is not None), default=None) if all(started) else None,
            moment(pod["steps"].get("Ready", "")),
        ]
        rows.append((pod, created, times))
    if not rows:
        return {"rows": [], "marks": [], "together": True}
    longest = max(one - created for _, created, times in rows for one in (created, *times) if one is not None)
    zero = min(created for _, created, _ in rows)
    last = max(one for _, created, times in rows for one in (created, *times) if one is not None)
    # Pods of other times (of a revision before, or put in the place of one that is gone) would make all bars dots.
    together = last - zero <= FAR * max(longest, 10.0)
    span = max(1.0, last - zero if together else longest)
    drawn = [drawn_row(pod, created, times, zero if together else created, span) for pod, created, times in rows]
    return {"rows": sorted(drawn, key=lambda row: row["left"]), "marks": marks(span), "together": together}


def drawn_row(pod: Object, created: float, times: list[float | None], zero: float, span: float) -> Object:
    """One Pod's row: where it begins, and each phase's width."""
    at = created
    phases = []
    for (name, _), until in zip(PHASES, times, strict=True):
        if until is None:
            break
        # A container that was restarted later has started after the Pod was first ready.
        until = max(at, until)
        phases.append({"name": name, "width": 100 * (until - at) / span, "seconds": round(until - at)})
        at = until
    return {
        "pod": pod["name"],
        "ready": pod["ready"],
        "left": 100 * (created - zero) / span,
        "phases": phases,
        "seconds": round(at - created),
        "end": 100 * (at - zero) / span,
    }


def marks(span: float) -> list[Object]:
    """The axis's marks: a handful, at round numbers."""
    step = next((step for step in STEPS if span / step <= MARKS), STEPS[-1] * math.ceil(span / STEPS[-1] / MARKS))
    return [{"at": 100 * second / span, "label": duration(second)} for second in range(0, int(span) + 1, step)]


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
    paths: dict[str, Object] = {}
    for answer in answers:
        path = paths.setdefault(answer["path"], {"path": answer["path"], "name": answer["name"], "ways": []})
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


def bars(image: Object) -> Object:
    """An image's layers as parts of a bar, each at least wide enough to be seen."""
    whole = max(1, image["size"])
    return image | {
        "parts": [
            layer | {"share": 100 * layer["size"] / whole, "shade": number % 4}
            for number, layer in enumerate(image["layers"])
        ]
    }
