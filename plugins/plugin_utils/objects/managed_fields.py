"""Whose an object is, and whose a field of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from .changes import HIDDEN

Object = dict[str, Any]

# Who applies for us: the field manager of a server-side apply.
MANAGER = "fastapi-mysql-k8s"
# Our mark: the label that says for which target (app_name, within its namespace) an object was made.
MARK = "fastapi-mysql-k8s/target"
# What is no matter of the cluster's own bookkeeping.
_CONTENT = ("f:spec", "f:data", "f:stringData", "f:type", "f:immutable", "f:binaryData")


class Item(NamedTuple):
    """An item of a list, by the fields that tell it from the others."""

    keys: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        """For people."""
        return ",".join(str(value) for _, value in self.keys)

    def names(self, item: Any) -> bool:
        """Whether it is this one; a key that the item leaves to the cluster's default (a port's protocol) fits."""
        if not isinstance(item, dict) or not any(key in item for key, _ in self.keys):
            return False
        return all(item.get(key, value) == value for key, value in self.keys)


Path = tuple[str | Item, ...]


def carries_mark(live: Object, target: str) -> bool:
    """Whether the object was made for this target."""
    return bool((live["metadata"].get("labels") or {}).get(MARK) == target)


def touched_by_others(live: Object) -> bool:
    """Whether anybody but our own apply has written into what the object says (its spec or data).

    Without a record of managers (a cluster can leave it out) the answer is yes.
    """
    entries = live["metadata"].get("managedFields") or []
    return not entries or any(
        not _ours(entry) and any(part in (entry.get("fieldsV1") or {}) for part in _CONTENT) for entry in entries
    )


def _ours(entry: Object) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply"


def yielded(manifest: Object, live: Object, autoscalers: list[Object]) -> tuple[Object, list[str]]:
    """The manifest with the values that belong to somebody else as they are, and whose they are.

    Somebody else's is what another server-side apply has claimed, and the replicas of a Deployment that an
    autoscaler looks after. What was edited by hand is nobody's: it is put right. The live value is applied instead
    of none, for an apply that no longer names a field takes it away.
    """
    found: dict[Path, str] = dict(_claimed(live))
    if scaler := autoscaler(manifest, autoscalers):
        found[("spec", "replicas")] = f"HorizontalPodAutoscaler {scaler}"
    wanted, notes, kind = deepcopy(manifest), [], manifest["kind"]
    for path, owner in found.items():
        here, there = _at(wanted, path), _at(live, path)
        if here is not None and there is not None and here != there:
            _put(wanted, path, there)
            notes.append(f"{_shown(path)} stays {HIDDEN if kind == 'Secret' else there}: it belongs to {owner}")
    if kind == "Deployment" and "replicas" not in wanted["spec"] and "replicas" in live.get("spec", {}):
        # Left to whoever scales: what runs goes on.
        wanted["spec"]["replicas"] = live["spec"]["replicas"]
    return wanted, notes


def autoscaler(manifest: Object, autoscalers: Sequence[Object]) -> str:
    """The name of the autoscaler that looks after the manifest's object; empty for none."""
    for scaler in autoscalers:
        ref = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
        if (ref.get("kind"), ref.get("name")) == (manifest["kind"], manifest["metadata"]["name"]):
            return str(scaler["metadata"]["name"])
    return ""


def _claimed(live: Object) -> Iterator[tuple[Path, str]]:
    """Path and manager of every field that the server-side apply of somebody else has set, in items of lists, too."""
    entries = live["metadata"].get("managedFields") or []
    owned = [(entry, path) for entry in entries for path in _leaves((), entry.get("fieldsV1") or {})]
    # Who has applied a part of an object empty owns that part, and nothing of what others have put into it.
    parts = {path[:length] for _, path in owned for length in range(1, len(path))}
    for entry, path in owned:
        if entry.get("operation") == "Apply" and not _ours(entry) and path not in parts:
            yield path, str(entry.get("manager"))


def _leaves(path: Path, fields: Object) -> Iterator[Path]:
    """The fields in a `fieldsV1`: `f:` is one, `k:` an item of a list by its keys; `v:` (a value in a set) is none."""
    for key, inner in fields.items():
        if key.startswith("f:"):
            deeper = (*path, key[2:])
            yield from _leaves(deeper, inner) if inner else [deeper]
        elif key.startswith("k:"):
            yield from _leaves((*path, Item(tuple(sorted(json.loads(key[2:]).items())))), inner)


def _at(document: Any, path: Path) -> Any:
    for key in path:
        if isinstance(key, Item):
            items = document if isinstance(document, list) else []
            document = next((item for item in items if key.names(item)), None)
        else:
            document = document.get(key) if isinstance(document, dict) else None
    return document


def _put(document: Object, path: Path, value: Any) -> None:
    """Set a field whose place is there."""
    _at(document, path[:-1])[path[-1]] = deepcopy(value)


def _shown(path: Path) -> str:
    """For people, as in a plan: `spec.template.spec.containers[api].image`."""
    text = "".join(f"[{key}]" if isinstance(key, Item) else f".{key}" for key in path)
    return text.removeprefix(".")


def replacement(manifest: Object, applied: Object, live: Object, server_side: tuple[str, ...]) -> Object:
    """The manifest as the whole object: its spec alone, the metadata as an apply would leave it."""
    wanted = deepcopy(manifest)
    wanted["metadata"] = {key: value for key, value in deepcopy(applied["metadata"]).items() if key not in server_side}
    annotations = applied.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations")
    if annotations:
        # `kubectl rollout restart` is no drift: undoing it would restart the Pods again.
        wanted["spec"]["template"]["metadata"]["annotations"] = deepcopy(annotations)
    if manifest["kind"] in ("Service", "PodDisruptionBudget"):
        # They are replaced by their version only (a Service until Kubernetes 1.21, a PDB of v1beta1).
        wanted["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    if manifest["kind"] == "Service":
        # It keeps its address.
        for key in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
            if key in live.get("spec", {}):
                wanted["spec"].setdefault(key, deepcopy(live["spec"][key]))
    return wanted
