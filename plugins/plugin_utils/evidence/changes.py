"""What is different since the evidence before, in words."""

from __future__ import annotations

from typing import Any

from .answers import INGRESS, asked, key
from .images import size

Object = dict[str, Any]

# Noise on a shared machine; a change that users would feel is larger.
SLOWER = 2.0
FELT_MILLISECONDS = 5.0


def changes(before: Object | None, now: Object) -> list[str]:
    """One line for each difference that a reader would ask about; empty for the first evidence."""
    if before is None:
        return []
    lines = [*verdict_changes(before, now), *deployment_changes(before, now), *pod_changes(before, now)]
    return [*lines, *image_changes(before, now), *answer_changes(before, now), *manifest_changes(before, now)]


def verdict_changes(before: Object, now: Object) -> list[str]:
    """Whether it was as good before."""
    if before["verdict"] == now["verdict"]:
        return []
    return [f"Verdict: {before['verdict']} → {now['verdict']}"]


def deployment_changes(before: Object, now: Object) -> list[str]:
    """Revision, replicas, images, commit."""
    old, new = before["deployment"] or {}, now["deployment"] or {}
    lines = [
        f"{key.capitalize()}: {old.get(key, 'none')} → {new.get(key, 'none')}"
        for key in ("revision", "replicas")
        if old.get(key) != new.get(key)
    ]
    olds, news = old.get("images") or {}, new.get("images") or {}
    lines += [
        f"Image of {container}: {short(olds.get(container))} → {short(news.get(container))}"
        for container in sorted({*olds, *news})
        if olds.get(container) != news.get(container)
    ]
    if before["meta"]["commit"] != now["meta"]["commit"]:
        lines.append(f"Commit: {before['meta']['commit'] or 'none'} → {now['meta']['commit'] or 'none'}")
    return lines


def short(reference: str | None) -> str:
    """An image reference whose digest is cut to what a person compares."""
    if not reference:
        return "none"
    name, at, digest = reference.partition("@")
    return f"{name.rpartition('/')[2]}@{digest.removeprefix('sha256:')[:12]}" if at else reference


def pod_changes(before: Object, now: Object) -> list[str]:
    """Pods that came and went, and restarts."""
    olds = {pod["name"]: pod for pod in before["pods"]}
    news = {pod["name"]: pod for pod in now["pods"]}
    came, went = news.keys() - olds.keys(), olds.keys() - news.keys()
    lines = [f"Pods: {len(came)} new, {len(went)} gone"] if came or went else []
    for name in sorted(news.keys() & olds.keys()):
        more = restarts(news[name]) - restarts(olds[name])
        lines += [f"Pod {name}: restarted {more} times"] if more > 0 else []
    return lines


def restarts(pod: Object) -> int:
    """All containers' restarts."""
    return sum(int(one["restarts"]) for one in pod["containers"])


def image_changes(before: Object, now: Object) -> list[str]:
    """Sizes."""
    olds = {image["container"]: image.get("size") for image in before["images"]}
    lines = []
    for image in now["images"]:
        old, new = olds.get(image["container"]), image.get("size")
        if old and new and old != new:
            lines.append(f"Size of {image['container']}: {size(old)} → {size(new)}")
    return lines


def answer_changes(before: Object, now: Object) -> list[str]:
    """Endpoints whose answer, or whose time, is another."""
    olds = {key(answer): answer for answer in before["answers"] if answer["via"] == INGRESS and not answer["unsent"]}
    lines = []
    for answer in now["answers"]:
        old = olds.get(key(answer))
        if answer["via"] != INGRESS or old is None or answer["unsent"]:
            continue
        if (old["status"], old["body"]) != (answer["status"], answer["body"]):
            lines.append(
                f"Answer of {asked(answer)}: {old['status'] or 'none'} → {answer['status'] or 'none'}, another text"
            )
        quick, slow = sorted((old["median"], answer["median"]))
        if slow > SLOWER * quick and slow - quick > FELT_MILLISECONDS:
            lines.append(f"Time of {asked(answer)}: {old['median']:g} ms → {answer['median']:g} ms")
    return lines


def manifest_changes(before: Object, now: Object) -> list[str]:
    """Rendered files that are not the same; the Secret's are compared as they are shown, masked."""
    olds, news = before["manifests"], now["manifests"]
    return [f"Manifest {name} is another" for name in sorted({*olds, *news}) if olds.get(name) != news.get(name)]
