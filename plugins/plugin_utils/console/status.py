"""What runs, in lines for a person: how well, since when, which images."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..ages import age

Object = dict[str, Any]


def answer_lines(answers: list[Object]) -> list[str]:
    """Each endpoint's answer, how long it took, and what it should have been."""
    places = [f"{one.get('method', 'GET')} {one['path']}" for one in answers]
    width = max(map(len, places), default=0)
    return [f"{place:<{width}}  {_heard(one)}" for place, one in zip(places, answers, strict=True)]


def _heard(answer: Object) -> str:
    """What came back; what is sent once is not requested to look at it."""
    if answer.get("unsent"):
        return "not requested"
    heard = f"{answer['status']} in {answer['median']:.1f} ms" if not answer["error"] else answer["error"]
    return heard + ("" if answer["right"] else f", but should be {answer['expected']}")


def image_lines(running: Mapping[str, str], wanted: Mapping[str, Object]) -> list[str]:
    """Each container's image, and whether this checkout's sources are what is in it."""
    lines = []
    width = max(map(len, running), default=0)
    for container, reference in running.items():
        name, _, digest = reference.partition("@")
        known = wanted.get(name)
        if known is None:
            verdict = ""
        elif known.get("digest") == digest:
            verdict = "  as this checkout"
        elif known.get("digest"):
            verdict = f"  another than this checkout's, {str(known['digest'])[:19]}"
        else:
            verdict = "  another than this checkout's, which was never built"
        lines.append(
            f"{container:<{width}}  {name}@{digest[:19]}{verdict}" if digest else f"{container:<{width}}  {name}"
        )
    return lines


def pod_lines(pods: list[Object], now: datetime | None = None) -> list[str]:
    """Each Pod: ready containers, node, age, restarts, and why it is not ready."""
    lines = []
    for pod in pods:
        containers = pod["containers"]
        ready = sum(one["ready"] for one in containers)
        restarts = sum(one["restarts"] for one in containers)
        told = [f"{ready}/{len(containers)}", f"on {pod['node']}" if pod["node"] else "on no node yet"]
        told += [f"for {age(pod['created'], now)}"] if pod["created"] else []
        told += [f"{restarts} restarts"] if restarts else []
        told += [f"{one['name']} {one['state']}" for one in containers if not one["ready"]]
        told += ["leaving"] if pod["leaving"] else []
        told += [] if pod["current"] else ["of an older revision"]
        lines.append(f"Pod {pod['name']}  {', '.join(told)}")
    return lines


def merged(logs: Mapping[str, str], tail: int) -> list[str]:
    """The last lines of several logs in the order of their time, each with where it is from."""
    lines = []
    for source, text in logs.items():
        for line in text.splitlines():
            stamp, _, said = line.partition(" ")
            lines.append((stamp, source, said))
    width = max(map(len, logs), default=0)
    last = sorted(lines)[max(0, len(lines) - tail) :]
    return [log_line(stamp, source, width, said) for stamp, source, said in last]


def log_line(stamp: str, source: str, width: int, said: str) -> str:
    """A line of a log, with its time and where it is from."""
    return f"{stamp[:19].replace('T', ' '):<19}  {source:<{width}}  {said}"
