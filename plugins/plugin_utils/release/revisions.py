"""Snapshots of a target: what there is of it, cleaned, packed into one Secret of the cluster, and how it goes back.

A snapshot is found by its content: what was kept already is not kept twice. Nothing here knows Ansible.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from ..kube.errors import KubeError
from ..objects.labels import OURS, labels
from ..objects.managed_fields import MARK
from .own_fields import NAMED, differences, part_of, recorded

Object = dict[str, Any]

TYPE = "fastapi-mysql-k8s/revision"
KEY = "objects"
DAMAGED = "damaged"
# A Secret holds 1 MiB; some of it is for its metadata.
LARGEST = 1_000_000

# Restored in this order: what Pods need comes before them, the way in last.
ORDER = (
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "StatefulSet",
    "Deployment",
    "CronJob",
    "HorizontalPodAutoscaler",
    "HTTPRoute",
    "Ingress",
)


@dataclass(frozen=True)
class Revision:
    """One kept snapshot. `before` is the number of what ran before it, 0 when that is not known."""

    number: int
    objects: list[Object]
    digest: str
    taken: str = ""
    current_since: str = ""
    by: str = ""
    origin: str = ""
    verified: bool = False
    before: int = 0
    images: dict[str, str] = field(default_factory=dict)
    # What was asked of it when it was verified: another version may have to answer something else.
    checks: Object = field(default_factory=dict)
    # Whether its objects hold nothing but what we had set: not so where the cluster kept no record of that.
    own: bool = False
    # The Secret that keeps it.
    uid: str = ""


@dataclass(frozen=True)
class Present:
    """What there is of a target: its live objects, and those of which an autoscaler looks after the replicas."""

    objects: list[Object]
    scaled: frozenset[tuple[str, str]] = frozenset()

    @property
    def deployment(self) -> Object | None:
        """What runs its Pods."""
        return next((item for item in self.objects if item["kind"] == "Deployment"), None)


def identity(item: Object) -> tuple[str, str]:
    """What names an object within its namespace."""
    return str(item["kind"]), str(item["metadata"]["name"])


def ordered(objects: list[Object]) -> list[Object]:
    """In the order in which they are restored, and always the same."""
    return sorted(objects, key=lambda item: (ORDER.index(item["kind"]), item["metadata"]["name"]))


def digest_of(objects: list[Object]) -> str:
    """The name of a snapshot's content."""
    return hashlib.sha256(_canonical(objects)).hexdigest()


def _canonical(objects: list[Object]) -> bytes:
    return json.dumps(ordered(objects), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def images_of(objects: list[Object]) -> dict[str, str]:
    """The image of each container."""
    return {
        str(container["name"]): str(container["image"])
        for item in objects
        if item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
    }


def packed(name: str, namespace: str, revision: Revision) -> Object:
    """The Secret that keeps a revision. Raises KubeError when it does not fit into one."""
    content = gzip.compress(_canonical(revision.objects), mtime=0)
    if len(content) > LARGEST:
        raise KubeError(
            f"What there is of {name} in namespace {namespace} takes {len(content)} bytes, compressed: more than a "
            f"Secret can hold ({LARGEST}), so no revision can be kept of it. Move large data out of it, "
            "or set release_revisions_kept to 0 and go without rollback."
        )
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "immutable": True,
        "metadata": {
            "name": f"{name}-revision-{revision.number}",
            "namespace": namespace,
            "labels": labels(name, "revision"),
            "annotations": annotations_of(revision),
        },
        "data": {KEY: base64.b64encode(content).decode()},
    }


def annotations_of(revision: Revision) -> dict[str, str]:
    """What is known about a revision beside its objects."""
    facts = {
        "digest": revision.digest,
        "taken": revision.taken,
        "current-since": revision.current_since,
        "by": revision.by,
        "origin": revision.origin,
        "verified": str(revision.verified).lower(),
        "before": revision.before,
        "images": json.dumps(revision.images, sort_keys=True),
        "checks": json.dumps(revision.checks, sort_keys=True),
        "own": str(revision.own).lower(),
    }
    return {f"{OURS}/{key}": str(value) for key, value in facts.items()}


def unpacked(secret: Object) -> Revision:
    """The revision that a Secret keeps; of one that somebody has damaged the number alone."""
    notes = {key.partition("/")[2]: value for key, value in (secret["metadata"].get("annotations") or {}).items()}
    number = secret["metadata"]["name"].rpartition("-")[2]
    uid = str(secret["metadata"].get("uid", ""))
    try:
        objects = json.loads(gzip.decompress(base64.b64decode(secret["data"][KEY], validate=True)))
        if digest_of(objects) != notes["digest"]:
            raise ValueError("not what was written")
        return Revision(
            number=int(number),
            objects=objects,
            digest=notes["digest"],
            taken=notes["taken"],
            current_since=notes["current-since"],
            by=notes["by"],
            origin=notes["origin"],
            verified=notes["verified"] == "true",
            before=int(notes["before"]),
            images=json.loads(notes["images"]),
            checks=json.loads(notes["checks"]),
            own=notes.get("own") == "true",
            uid=uid,
        )
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error, binascii.Error):
        return Revision(int(number) if number.isdecimal() else 0, [], "", origin=DAMAGED, uid=uid)


def next_number(kept: list[Revision]) -> int:
    """The number of the next revision; numbers are not used twice as long as any revision is kept."""
    return max((item.number for item in kept), default=0) + 1


def with_content(kept: list[Revision], present: Present, strict: bool = False) -> Revision | None:
    """The kept revision that is what there is, whatever others have written into it."""
    found = [item for item in kept if item.objects and _is(item, present, strict)]
    # Where nobody records whose a field is, a revision that lacks one of another looks like a part of it.
    return max(found, key=lambda item: (len(_canonical(item.objects)), item.current_since), default=None)


def _is(revision: Revision, present: Present, strict: bool) -> bool:
    pairs = _pairs(revision, present)
    return pairs is not None and all(
        kept is not None
        and live is not None
        and not differences(kept, live, identity(live) in present.scaled, revision.own, strict)
        for kept, live in pairs
    )


def _pairs(revision: Revision, present: Present) -> list[tuple[Object | None, Object | None]] | None:
    """Each kept object with the live one; None when there is one of ours beside them."""
    kept, live = ({identity(item): item for item in items} for items in (revision.objects, present.objects))
    if any(MARK in (item["metadata"].get("labels") or {}) for key, item in live.items() if key not in kept):
        return None
    return [(item, live.get(key)) for key, item in kept.items()]


def running(kept: list[Revision], present: Present) -> tuple[Revision | None, bool]:
    """The kept revision that runs, and whether it is as it was kept: others may have changed what we have set.

    None for what is of no revision: it was never verified, such as what a run that was killed has left.
    """
    if found := with_content(kept, present):
        return found, True
    deployment = present.deployment
    if deployment is None:
        return None, False
    if recorded(deployment):
        left = [item for item in kept if item.objects and _left(item, present)]
        return max(left, key=lambda item: (item.current_since, item.number), default=None), False
    named = (deployment["metadata"].get("annotations") or {}).get(NAMED)
    return next((item for item in kept if str(item.number) == named and item.objects), None), False


def _left(revision: Revision, present: Present) -> bool:
    """Whether all that we have set, as far as it is still there, is what the revision keeps."""
    pairs = _pairs(revision, present)
    return pairs is not None and all(part_of(live, kept) for kept, live in pairs if kept and live)


def newest_verified(kept: list[Revision]) -> Revision | None:
    """Of those that are known to have worked, the one that ran last."""
    verified = [item for item in kept if item.verified]
    return max(verified, key=lambda item: (item.current_since, item.number), default=None)


def surplus(kept: list[Revision], limit: int, spared: set[int]) -> list[Revision]:
    """Those to remove: what ran longest ago goes first, what is `spared` never."""
    by_age = sorted(kept, key=lambda item: (item.current_since, item.number), reverse=True)
    staying = [item for item in by_age if item.number in spared]
    others = [item for item in by_age if item.number not in spared]
    return others[max(0, limit - len(staying)) :]


def chosen(kept: list[Revision], current: Revision | None, wanted: int, unchanged: bool = True) -> Revision:
    """The revision to go back to: the one that is wanted, or what ran before the current one.

    Raises KubeError, in one line with what there is, for one that is not kept or runs already. `unchanged`:
    whether the current one is as it was kept.
    """
    numbers = ", ".join(str(item.number) for item in sorted(kept, key=lambda item: item.number)) or "none"
    if wanted:
        found = next((item for item in kept if item.number == wanted), None)
        if found is None:
            raise KubeError(f"There is no revision {wanted} (kept: {numbers}): ansible-playbook playbooks/history.yml")
        if found.origin == DAMAGED:
            raise KubeError(f"Revision {wanted} cannot be read, somebody has changed it (kept: {numbers}).")
        if current and current.number == wanted:
            raise KubeError(f"Revision {wanted} is what runs already (kept: {numbers}).")
        return found
    if current is None:
        # It was never verified: what was verified last is the way back.
        last = newest_verified(kept)
        if last is None:
            more = f"kept: {numbers}; one of them: -e revision=N" if kept else "none is kept"
            raise KubeError(f"There is no revision that is known to have worked ({more}).")
        return last
    before = next((item for item in kept if item.number == current.before and item.objects), None)
    if before is not None:
        return before
    if not unchanged and current.verified:
        # Nothing is kept from before it, but it is not what runs: it worked as it was.
        return current
    raise KubeError(
        f"Revision {current.number} runs, and what ran before it is not kept (kept: {numbers}): -e revision=N"
    )


def again(revision: Revision, now: str, by: str, checks: Object) -> Revision:
    """A revision whose content runs, and is verified, once more."""
    return replace(revision, current_since=now, by=by, checks=checks, verified=True)
