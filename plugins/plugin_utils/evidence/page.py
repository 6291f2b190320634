"""The evidence as a page: one text that loads nothing and runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..files import cache_folder
from ..target.compiled import Compiled
from ..verify.answer import shortened
from .answers import INGRESS, asked, key
from .drawings import bars, latency, timeline
from .images import sbom_file, sbom_text, size
from .verdict import FAILED, RUN

Object = dict[str, Any]

GROUPS = {
    RUN: "How the run ended",
    "cluster": "What the cluster reports",
    "ingress": "What users get through the Ingress",
    "replica": "How each replica responds",
    "image": "What the registry holds",
}


def render(folder: Path, evidence: Object, files: dict[str, str]) -> str:
    """The page as one text; what comes from the cluster is escaped."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.bytecode_cache = Compiled(cache_folder())
    environment.filters |= {"size": size, "sbom": sbom_text, "sbom_file": sbom_file, "shortened": shortened}
    page = {
        "evidence": evidence,
        "headline": headline(evidence),
        "now": now(evidence),
        "counts": counts(evidence["checks"]),
        "groups": groups(evidence["checks"]),
        "timeline": timeline(evidence),
        "latency": latency(evidence["answers"]),
        "matrix": matrix(evidence["answers"]),
        "bars": bars(evidence["images"]),
        # Long, and for programs: on the page only where it is.
        "files": {name: text for name, text in files.items() if not name.startswith("sbom/")},
        "short": shorter(names(evidence)),
    }
    return environment.get_template("index.html.j2").render(page)


def headline(evidence: Object) -> str:
    """The one sentence that a reader takes away."""
    counted = counts(evidence["checks"])
    if evidence["failure"]:
        if not evidence["deployment"]:
            return "The run failed, and nothing is deployed."
        others = counted["failed"] > 1
        return "The run failed. " + (
            "What runs now is not well either." if others else "Users get the right answers from what runs now."
        )
    if counted["failed"]:
        made = counted["failed"] + counted["passed"]
        return f"{counted['failed']} of {made} checks failed."
    return now(evidence)


def now(evidence: Object) -> str:
    """What runs, whatever the run that looked was for: in one sentence, from the checks that were made."""
    deployment = evidence["deployment"]
    if not deployment:
        return "Nothing is deployed."
    wrong = [one for one in evidence["checks"] if one["status"] == FAILED and one["group"] != RUN]
    what = f"{deployment['ready']} of {deployment['replicas']} Pods are ready"
    if wrong:
        return f"{what}, and {len(wrong)} of the checks below failed."
    heard = [answer for answer in evidence["answers"] if answer["via"] == INGRESS and not answer["unsent"]]
    ways = "through the Ingress" + ("" if evidence["replica_problem"] else " and of each Pod")
    give = f"{plural(len(heard), 'endpoint')} {'gives' if len(heard) == 1 else 'give'} the right answer"
    return f"{what}, and {give} {ways}."


def plural(count: int, name: str) -> str:
    """One endpoint, all 6 endpoints."""
    return f"one {name}" if count == 1 else f"all {count} {name}s"


def counts(checks: list[Object]) -> dict[str, int]:
    """How many checks passed, failed, were skipped."""
    return {status: sum(one["status"] == status for one in checks) for status in ("passed", "failed", "skipped")}


def groups(checks: list[Object]) -> list[Object]:
    """The checks by what they are about, with their number; what failed comes first in each."""
    found = []
    for group, title in GROUPS.items():
        mine = sorted((one for one in checks if one["group"] == group), key=lambda one: one["status"] != FAILED)
        if mine:
            told = ", ".join(f"{count} {status}" for status, count in counts(mine).items() if count)
            found.append({"title": title, "checks": mine, "told": told, "failed": counts(mine)["failed"]})
    return found


def names(evidence: Object) -> list[str]:
    """Every Pod that the page speaks of."""
    watched = evidence["rollout"]["pods"] if evidence["rollout"] else []
    return list(dict.fromkeys(pod["name"] for pod in [*evidence["pods"], *watched]))


def shorter(names: list[str]) -> dict[str, str]:
    """Each Pod's name without what all share, as long as they stay different."""
    tails = {name: name.rpartition("-")[2] for name in names}
    return tails if len(set(tails.values())) == len(names) else {name: name for name in names}


def matrix(answers: list[Object]) -> Object:
    """Who has answered what: a row for each endpoint, a column for the Ingress and for each Pod."""
    ways = list(dict.fromkeys(answer["via"] for answer in answers))
    rows: dict[tuple[str, ...], Object] = {}
    for answer in answers:
        row = rows.setdefault(key(answer), {"path": asked(answer), "cells": {}})
        row["cells"][answer["via"]] = answer
    return {"ways": ways, "rows": list(rows.values())}
