"""What of a live object is ours, by the cluster's own record of who has set which field.

Others write into the same objects all the time: controllers, autoscalers, webhooks, upgrades, and people. None of that
says which version runs. Where a cluster keeps no record, what is there beside our fields counts as nobody's.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from ..objects.changes import Change, changes, essence
from ..objects.labels import OURS
from ..objects.managed_fields import MANAGER, Item, touched_by_others

Object = dict[str, Any]

# Names the revision that runs, on its Deployment.
NAMED = f"{OURS}/revision"
REPLICAS = "spec.replicas"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
# What the cluster or its controllers write by themselves, and what differs after every rollout or re-creation.
_NOT_OURS = ("deployment.kubernetes.io/revision", NAMED)
# Who holds an object back is a matter of the object that is there, never of one that is to be restored.
_OF_THE_LIVE = ("finalizers", "ownerReferences", "generateName")
_ADDRESSES = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_NOTES = ("metadata.labels.", "metadata.annotations.")


def cleaned(live: Object) -> Object:
    """An object without what the cluster adds: what is left is the same after it was restored."""
    bare = essence(live)
    metadata = bare["metadata"]
    for key in _OF_THE_LIVE:
        metadata.pop(key, None)
    _without(metadata, *_NOT_OURS)
    if bare["kind"] == "Deployment":
        # `kubectl rollout restart` makes the same version run again.
        _without(bare["spec"].get("template", {}).get("metadata") or {}, RESTARTED)
    if bare["kind"] == "Service" and bare.get("spec", {}).get("clusterIP") != "None":
        # Another address after a re-creation is no difference: nobody but the cluster chooses it.
        for key in _ADDRESSES:
            bare["spec"].pop(key, None)
    return bare


def _without(metadata: Object, *keys: str) -> None:
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in keys}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations


def recorded(live: Object) -> Object:
    """The fields that our apply has set, as a `fieldsV1`; empty where there is no record of it."""
    found: Object = {}
    for entry in live["metadata"].get("managedFields") or []:
        # More than one: an entry for each API version that was applied.
        if (entry.get("manager"), entry.get("operation")) == (MANAGER, "Apply"):
            found = _united(found, entry.get("fieldsV1") or {})
    return found


def _united(one: Object, other: Object) -> Object:
    return {key: _united(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}


def own(live: Object) -> Object:
    """What is kept of a live object: what we have set, or all of its content where others have written into that."""
    bare, fields = cleaned(live), recorded(live)
    if not fields:
        return bare
    mine = _mine(bare, fields)
    if touched_by_others(
        {"metadata": {"managedFields": [_of_weight(one) for one in live["metadata"]["managedFields"]]}}
    ):
        return bare | {"metadata": mine["metadata"]}
    if "replicas" in bare.get("spec", {}):
        # Whoever scales takes this one field from us.
        mine["spec"]["replicas"] = bare["spec"]["replicas"]
    return mine


def untried(live: Object, manifest: Object) -> bool:
    """Whether a manifest asks for anything that we have not set already, for a cluster that cannot try it.

    What is empty is left out by the cluster; without a record of who has set what, what is there beside it is nobody's.
    """
    bare, fields = cleaned(live), recorded(live)
    found = changes(_mine(bare, fields) if fields else bare, manifest)
    return any((fields if one.after is None else one.before is not None or not _is_empty(one.after)) for one in found)


def _is_empty(value: object) -> bool:
    return value is False or value in ("", [], {})


def _of_weight(entry: Object) -> Object:
    """An entry of the record without what others may write and the version stays the same: replicas, a restart."""
    spec = deepcopy((entry.get("fieldsV1") or {}).get("f:spec"))
    if spec is None or entry.get("manager") == MANAGER:
        return entry
    spec.pop("f:replicas", None)
    template = spec.get("f:template", {})
    template.pop("f:metadata", None)
    if not template:
        spec.pop("f:template", None)
    rest = {key: value for key, value in entry["fieldsV1"].items() if key != "f:spec"}
    return entry | {"fieldsV1": rest | ({"f:spec": spec} if spec else {})}


def _mine(bare: Object, fields: Object) -> Object:
    """The fields of the record, and what names the object."""
    named = {key: bare["metadata"][key] for key in ("name", "namespace") if key in bare["metadata"]}
    mine: Object = _projected(bare, {key: inner for key, inner in fields.items() if key != "f:metadata"})
    notes = _projected(bare["metadata"], fields.get("f:metadata") or {})
    return {"apiVersion": bare["apiVersion"], "kind": bare["kind"], "metadata": notes | named} | mine


def _projected(value: Any, fields: Object) -> Any:
    """A value reduced to a `fieldsV1`: there `f:` names a field, `k:` an item by its keys, `v:` by its value."""
    inside = {key: inner for key, inner in fields.items() if key != "."}
    if isinstance(value, dict) and (inside or "." in fields):
        names = [(key.removeprefix("f:"), inner) for key, inner in inside.items()]
        return {name: _projected(value[name], inner) for name, inner in names if name in value}
    if isinstance(value, list) and inside:
        keyed = [(Item(tuple(json.loads(key[2:]).items())), inner) for key, inner in inside.items() if key[0] == "k"]
        single = [json.loads(key[2:]) for key in inside if key[0] == "v"]
        items = [_projected(item, inner) for item in value for key, inner in keyed if key.names(item)]
        return items + [item for item in value if item in single]
    return deepcopy(value)


def differences(kept: Object, live: Object, scaled: bool, own_only: bool, strict: bool) -> list[Change]:
    """What makes a live object another one than the kept: what we had set and is not there, or what we have set since.

    `scaled`: an autoscaler looks after its replicas. `own_only`: the kept object holds nothing but our labels and
    annotations. `strict`: without a record whatever is in its content beside what is kept counts as ours.
    """
    bare, fields = cleaned(live), recorded(live)
    wanted = cleaned(kept) | {"apiVersion": bare["apiVersion"]}
    mine = _mine(bare, fields) if fields else bare if strict else {}
    ours = {
        f"metadata.{part}.{key}"
        for part in ("labels", "annotations")
        for key in mine.get("metadata", {}).get(part) or {}
    }
    lost = [one for one in changes(wanted, bare) if one.before is not None]
    if fields and not own_only:
        # Kept when what others had written was kept as well: their changes of it are none of ours.
        lost = [one for one in lost if one.after is None or one.path in ours or not one.path.startswith(_NOTES)]
    added = [one for one in (changes(wanted, mine) if mine else []) if one.before is None]
    if not fields:
        added = [one for one in added if not one.path.startswith("metadata.")]
    return [one for one in (*lost, *added) if not (scaled and one.path == REPLICAS)]


def part_of(live: Object, kept: Object) -> bool:
    """Whether all that is left of what we have set in a live object is what is kept: the rest was others' doing.

    Whoever scales takes the replicas, and old clusters keep no record of that.
    """
    mine = _mine(cleaned(live), recorded(live))
    wanted = cleaned(kept) | {"apiVersion": mine["apiVersion"]}
    return all(one.after is None or one.path == REPLICAS for one in changes(wanted, mine))
