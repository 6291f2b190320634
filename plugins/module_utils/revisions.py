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
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from .kube_changes import essence
from .kube_errors import KubeError
from .ownership import OURS, labels

Object = dict[str, Any]

TYPE = "fastapi-mysql-k8s/revision"
KEY = "objects"
DAMAGED = "damaged"
# A Secret holds 1 MiB; some of it is for its metadata.
LARGEST = 1_000_000

# What the cluster or its controllers write by themselves, and what differs after every rollout or re-creation.
_NOT_OURS = ("deployment.kubernetes.io/revision",)
_ADDRESSES = ("clusterIP", "clusterIPs", "healthCheckNodePort")

# Restored in this order: what Pods need comes before them, the way in last.
ORDER = (
    "Secret",
    "ConfigMap",
    "ServiceAccount",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
    "Deployment",
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


def cleaned(live: Object) -> Object:
    """An object without what the cluster adds: what is left is the same after it was restored."""
    bare = essence(live)
    metadata = bare["metadata"]
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _NOT_OURS}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    if bare["kind"] == "Service" and bare.get("spec", {}).get("clusterIP") != "None":
        # Another address after a re-creation is no difference: nobody but the cluster chooses it.
        for key in _ADDRESSES:
            bare["spec"].pop(key, None)
    return bare


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
    }
    return {f"{OURS}/{key}": str(value) for key, value in facts.items()}


def unpacked(secret: Object) -> Revision:
    """The revision that a Secret keeps; of one that somebody has damaged the number alone."""
    notes = {key.partition("/")[2]: value for key, value in (secret["metadata"].get("annotations") or {}).items()}
    number = secret["metadata"]["name"].rpartition("-")[2]
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
        )
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error, binascii.Error):
        return Revision(int(number) if number.isdecimal() else 0, [], "", origin=DAMAGED)


def next_number(kept: list[Revision]) -> int:
    """The number of the next revision; numbers are not used twice as long as any revision is kept."""
    return max((item.number for item in kept), default=0) + 1


def with_content(kept: list[Revision], digest: str) -> Revision | None:
    """The kept revision with that content, if there is one."""
    return next((item for item in kept if item.digest == digest), None)


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


def chosen(kept: list[Revision], current: str, wanted: int) -> Revision:
    """The revision to go back to: the one that is wanted, or what ran before the current one.

    Raises KubeError, in one line with what there is, for one that is not kept or runs already.
    """
    numbers = ", ".join(str(item.number) for item in sorted(kept, key=lambda item: item.number)) or "none"
    running = with_content(kept, current)
    if wanted:
        found = next((item for item in kept if item.number == wanted), None)
        if found is None:
            raise KubeError(f"There is no revision {wanted} (kept: {numbers}): ansible-playbook playbooks/history.yml")
        if found.origin == DAMAGED:
            raise KubeError(f"Revision {wanted} cannot be read, somebody has changed it (kept: {numbers}).")
        if running and running.number == wanted:
            raise KubeError(f"Revision {wanted} is what runs already (kept: {numbers}).")
        return found
    if running is None:
        # Somebody changed it by hand since: what was kept last is the way back.
        last = newest_verified(kept)
        if last is None:
            more = f"kept: {numbers}; one of them: -e revision=N" if kept else "none is kept"
            raise KubeError(f"There is no revision that is known to have worked ({more}).")
        return last
    before = next((item for item in kept if item.number == running.before), None)
    if before is None:
        raise KubeError(
            f"Revision {running.number} runs, and what ran before it is not kept (kept: {numbers}): -e revision=N"
        )
    return before


def again(revision: Revision, now: str, by: str, checks: Object) -> Revision:
    """A revision whose content runs, and is verified, once more."""
    return replace(revision, current_since=now, by=by, checks=checks, verified=True)


def prepared(wanted: Object, live: Object | None) -> Object:
    """An object of a snapshot, ready to be written over the live one, or as a new one."""
    body = deepcopy(wanted)
    if live is None:
        return body
    for key in _NOT_OURS:
        if key in (live["metadata"].get("annotations") or {}):
            body["metadata"].setdefault("annotations", {})[key] = live["metadata"]["annotations"][key]
    if body["kind"] in ("Service", "PodDisruptionBudget"):
        # They are replaced by their version only: a Service until Kubernetes 1.21, a budget of v1beta1.
        body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    if body["kind"] == "Service":
        # It keeps its address.
        for key in _ADDRESSES:
            if key in live.get("spec", {}):
                body["spec"].setdefault(key, deepcopy(live["spec"][key]))
    return body
