"""What a failed task says, for people: in the lines of a run, and in the evidence of one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Object = dict[str, Any]

HIDDEN = "Its message is hidden, for it may hold secrets (no_log)."
SILENT = "failed, and did not say why: -v shows all of it"
# How much of a black box's summary is shown again: it is made to be short.
SUMMARY_BYTES = 40_000


def told_by(result: Mapping[str, Any]) -> str:
    """What a failed task says, and what a program that it ran has said last."""
    if result.get("_ansible_no_log"):
        return HIDDEN
    failed = [one for one in result.get("results") or [] if isinstance(one, dict) and one.get("failed")]
    if failed:
        return "\n".join(dict.fromkeys(told_by(one) for one in failed))
    message = str(result.get("msg") or result.get("censored") or SILENT)
    said = str(result.get("stderr") or result.get("module_stderr") or "").strip()
    return f"{message}\n{said}" if said and said not in message else message


def failure_facts(task: str, result: Mapping[str, Any]) -> Object:
    """Why a run failed, and what was done about it.

    A release has noted what is `known` before it undid anything: the `cause` with its type and remedy, the `message`
    of the task that failed first, and the `black_box`.
    """
    told = told_by(result)
    known = result.get("known") or {}
    cause = known.get("cause") or result.get("cause") or {}
    box = str(known.get("black_box") or "")
    message = str(known.get("message") or "")
    # The rest of what the release says is what became of it.
    undone = told.removeprefix(message).removesuffix(f"Black box: {box}").strip() if message and message in told else ""
    return {
        "task": task,
        "told": told,
        "type": str(cause.get("type") or ""),
        "message": str(cause.get("message") or message or told),
        "remedy": str(cause.get("remedy") or ""),
        "pod": str(cause.get("pod") or ""),
        "container": str(cause.get("container") or ""),
        "undone": undone,
        "black_box": box,
    }


def summary_of(box: str) -> str:
    """What the black box says first; empty when there is none."""
    try:
        return (Path(box) / "summary.md").read_text(encoding="utf-8")[:SUMMARY_BYTES] if box else ""
    except (OSError, UnicodeDecodeError):
        return ""
