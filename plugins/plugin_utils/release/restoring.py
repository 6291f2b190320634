"""What it takes for a kept revision to be what runs; checked by the cluster as a whole, before anything is changed.

Nothing that serves is removed before what takes its place is known to be accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ..kube.errors import ApiError
from ..objects.changes import essence
from ..objects.managed_fields import carries_mark, yielded
from .own_fields import cleaned, own, recorded
from .plan import PRUNABLE, Planned, Planner
from .revision_store import Store, reference
from .revisions import Revision, identity, ordered

Object = dict[str, Any]

# Where a cluster does not serve one of them, there is nothing.
APIS = [version for version, _ in PRUNABLE]
_CONFLICT = 409
# How validation refuses a change of what is set for good, and nobody else does. The second is for an immutable Secret.
_FIXED_REASONS = ("FieldValueInvalid", "FieldValueForbidden")
_FIXED = "field is immutable"


@dataclass(frozen=True)
class Restore:
    """What has to be written, made again (the live object, and what takes its place) and removed, in this order."""

    apply: list[Object]
    replace: list[Object]
    again: list[Object]
    remove: list[Object]

    @property
    def titles(self) -> list[str]:
        """What is touched, for people."""
        written = ordered([*self.apply, *self.replace, *(pair["next"] for pair in self.again)])
        again = [pair["reference"] for pair in self.again]
        return [
            *(_title(item) + (" (made again)" if _title(item) in map(_title, again) else "") for item in written),
            *(f"{_title(item)} (removed)" for item in self.remove),
        ]


class _Restorer(Planner):
    """Plans a revision's objects; one that cannot become what it was is made again, if that is sure to be accepted."""

    def _compare(self, manifest: Object) -> Planned:
        try:
            return super()._compare(manifest)
        except ApiError as error:
            live = self.client.find(self.client.path_of(manifest)) if is_immutable(error) else None
            if live is None:
                raise
            wanted, notes = yielded(manifest, live, self.autoscalers)
            self._prove(wanted)
            return Planned(wanted, "again", live, essence(live), wanted, wanted, notes)

    def _prove(self, manifest: Object) -> None:
        """Have the cluster check it as a new object of another name: an ApiError when it is refused."""
        body = deepcopy(manifest)
        body["metadata"]["name"] = f"{manifest['metadata']['name'][:50]}-next"
        collection = self.client.path_of(manifest).rpartition("/")[0]
        try:
            self.client.request("POST", collection, {"dryRun": "All"}, body)
        except ApiError as error:
            # Only the name is taken: that is found out last.
            if error.status != _CONFLICT:
                raise


def is_immutable(error: ApiError) -> bool:
    """Whether it is a field that may not change which is refused.

    A policy or a webhook refuses with the same status, but names no field: what it refuses, it refuses for ever.
    """
    return any(
        cause.get("reason") in _FIXED_REASONS and cause.get("field") and _FIXED in str(cause.get("message"))
        for cause in error.causes
    )


def restoring(store: Store, revision: Revision | None) -> Restore:
    """What it takes to have exactly the revision's objects: others of ours go. No revision: all of ours go."""
    live = {identity(item): item for item in store.live()}
    kept = ordered(revision.objects) if revision else []
    wanted = {identity(item): _ready(item, live.get(identity(item)), revision) for item in kept}
    objects = [_as_served(item, store.served) for item in wanted.values()]
    planned = _Restorer(store.client, store.namespace, store.name, APIS).plan(objects)
    written = [item for item in planned if (item.kind, item.name) in wanted]
    whole = [item for item in written if item.as_whole]
    return Restore(
        apply=[item.manifest for item in written if item.action in ("create", "change") and item not in whole],
        replace=[item.whole or item.manifest for item in whole],
        again=[_pair(item) for item in written if item.action == "again"],
        # The ingress path first, what Pods need last.
        remove=[
            reference(item)
            for key, item in reversed(live.items())
            if key not in wanted and carries_mark(item, store.name)
        ],
    )


def _as_served(item: Object, served: Mapping[str, str]) -> Object:
    """An object in the version that its kind is served in by now; an autoscaler says the same differently in each."""
    if item["kind"] == "HorizontalPodAutoscaler":
        return item
    return item | {"apiVersion": served.get(item["kind"], item["apiVersion"])}


def _ready(kept: Object, live: Object | None, revision: Revision | None) -> Object:
    """A kept object, fit to be applied: without what is others' in the live one, for theirs is newer."""
    body = cleaned(kept)
    return body if live is None or revision is None or revision.own else _without_theirs(body, live)


def _without_theirs(kept: Object, live: Object) -> Object:
    """A kept object without the labels and annotations that are others' in the live one: theirs are newer."""
    ours = own(live)["metadata"] if recorded(live) else live["metadata"]
    notes = {}
    for part in ("labels", "annotations"):
        theirs = (live["metadata"].get(part) or {}).keys() - (ours.get(part) or {}).keys()
        notes[part] = {key: value for key, value in (kept["metadata"].get(part) or {}).items() if key not in theirs}
    rest = {key: value for key, value in kept["metadata"].items() if key not in notes}
    return kept | {"metadata": rest | {part: found for part, found in notes.items() if found}}


def _pair(item: Planned) -> Object:
    """An object to be made again: which one, what it is, to be put back, and what takes its place."""
    live = (item.live or {}) | {key: item.manifest[key] for key in ("apiVersion", "kind")}
    return {"reference": reference(live), "before": cleaned(live), "next": item.manifest}


def _title(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"
