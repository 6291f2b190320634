"""What a run would do to a cluster, object by object, found out without changing anything.

Each manifest is sent as a server-side dry run, so defaults, admission and conversion are the cluster's own.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, ForbiddenError, KubeError, NotFoundError, UnauthorizedError, one_line, without_trial
from ..kube.kinds import collection
from ..objects import jobs
from ..objects.changes import SERVER_SIDE, Change, changes, essence
from ..objects.managed_fields import MANAGER, MARK, autoscaler, carries_mark, replacement, touched_by_others, yielded
from .own_fields import own, untried
from .revision_store import MADE

Object = dict[str, Any]

# What the server says to an object that breaks the rules of its kind.
_INVALID = 422

# In the order in which they are deleted. A namespace is never among them.
PRUNABLE = (
    ("networking.k8s.io/v1", "Ingress"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("v1", "Service"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("autoscaling/v1", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1beta1", "CronJob"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
    ("policy/v1", "PodDisruptionBudget"),
    ("policy/v1beta1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
)


@dataclass(frozen=True)
class Planned:
    """One object: what will be done with it (create, change, replace, delete, left), and what that changes."""

    manifest: Object
    action: str
    live: Object | None = None
    before: Object | None = None
    after: Object | None = None
    whole: Object | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def title(self) -> str:
        """Kind and name, for people."""
        return f"{self.kind} {self.name}"

    @property
    def fields(self) -> list[Change]:
        """What changes in an object that is there and stays."""
        return changes(self.before, self.after) if self.action in ("change", "replace") else []

    @property
    def as_whole(self) -> bool:
        """Whether it must be written as a whole: to take foreign fields out, or because an apply cannot carry it.

        The official client escapes what is beyond 16 bits (an emoji) in a way that the server's YAML refuses.
        """
        if self.action not in ("create", "change", "replace"):
            return False
        return self.action == "replace" or max(json.dumps(self.manifest, ensure_ascii=False)) > "\uffff"


class RefusedError(KubeError):
    """The cluster would not take one or more of the manifests."""


class TakenError(KubeError):
    """An object of that name was made for another target."""


@dataclass
class Planner:
    """Plans one target's set of objects: those of its manifests, and those that its manifests no longer hold."""

    client: KubeClient
    namespace: str
    target: str
    apis: list[str]
    # Every object of ours in the namespace, by kind and name; and everybody's autoscalers.
    ours: dict[tuple[str, str], Object] = field(default_factory=dict)
    autoscalers: list[Object] = field(default_factory=list)
    # How many Pods an autoscaler of the set keeps at least, by what it scales.
    least: dict[tuple[str, str], int] = field(default_factory=dict)

    def plan(self, manifests: list[Object]) -> list[Planned]:
        """The whole set, in the order of applying, then what is to be deleted; one refusal, and nothing is planned."""
        self._look()
        refusals = self._scaling(manifests)
        planned: list[Planned] = []
        for manifest in manifests:
            try:
                planned.append(self._compare(manifest))
            except ApiError as error:
                if error.status in (401, 429) or error.status >= 500:
                    raise
                refusals.append(f"{manifest['kind']} {manifest['metadata']['name']}: {error.message}")
            except TakenError as error:
                refusals.append(str(error))
        if refusals:
            raise RefusedError(f"The cluster refuses {'; '.join(refusals)}. Nothing was applied.")
        return planned + self._left_over(manifests)

    def owned(self) -> list[Object]:
        """Everything that was made for the target, in the order in which it is to be deleted."""
        self._look()
        return [item.manifest for item in self._left_over([])]

    def _scaling(self, manifests: list[Object]) -> list[str]:
        """Whose the replicas will be; a line for what another autoscaler looks after already."""
        wanted = {(item["kind"], item["metadata"]["name"]) for item in manifests}
        # One that is to be deleted looks after nothing any more.
        going = {(one["kind"], one["metadata"]["name"]) for one in self.ours.values()} - wanted
        self.autoscalers = [one for one in self.autoscalers if (one["kind"], one["metadata"]["name"]) not in going]
        refusals = []
        for scaler in (item for item in manifests if item["kind"] == "HorizontalPodAutoscaler"):
            target = scaler["spec"]["scaleTargetRef"]
            scaled = {"kind": target["kind"], "metadata": {"name": target["name"]}}
            self.least[target["kind"], target["name"]] = int(scaler["spec"].get("minReplicas", 1))
            others = [one for one in self.autoscalers if one["metadata"]["name"] != scaler["metadata"]["name"]]
            if other := autoscaler(scaled, others):
                name, where = scaler["metadata"]["name"], f"{target['kind']} {target['name']}"
                refusals.append(
                    f"HorizontalPodAutoscaler {name}: {other} looks after {where} already: remove one of them"
                )
        return refusals

    def _look(self) -> None:
        """Ask for everything of ours by its mark, kind by kind."""
        listed_kinds: set[str] = set()
        for api_version, kind in PRUNABLE:
            if api_version not in self.apis or kind in listed_kinds:
                continue
            # Autoscalers are wanted whoever made them.
            everybody = kind == "HorizontalPodAutoscaler"
            query = {} if everybody else {"labelSelector": f"{MARK}={self.target}"}
            try:
                listed = self.client.get(collection(api_version, kind, self.namespace), **query)
            except (ForbiddenError, NotFoundError):
                # Who may not see them did not make them.
                continue
            listed_kinds.add(kind)
            # The items of a list do not say what they are.
            items = [{"apiVersion": api_version, "kind": kind} | item for item in listed.get("items") or []]
            self.autoscalers += items if everybody else []
            # What a controller has made with a copy of our labels is the controller's.
            ours = [
                one for one in items if carries_mark(one, self.target) and not one["metadata"].get("ownerReferences")
            ]
            self.ours |= {(kind, item["metadata"]["name"]): item for item in ours}

    def _compare(self, manifest: Object) -> Planned:
        path = self.client.path_of(manifest)
        live = self.ours.get((manifest["kind"], manifest["metadata"]["name"]))
        if live is None or live["apiVersion"] != manifest["apiVersion"]:
            live = self.client.find(path)
        if live is None:
            return self._new(path, manifest)
        if manifest["kind"] == "Namespace":
            # It may belong to others too: it is used as it is.
            return Planned(manifest, "left", live)
        self._refuse_others(live, f"{manifest['kind']} {manifest['metadata']['name']}")
        if manifest["kind"] == "Job":
            return _job(manifest, live)
        wanted, notes = yielded(manifest, live, self.autoscalers)
        touched = touched_by_others(live)
        try:
            applied = self.client.dry_apply(path, wanted, MANAGER)
        except ApiError as error:
            if webhook := without_trial(error):
                return _untried(wanted, live, [*notes, _not_tried(webhook)])
            if error.status != _INVALID or not touched:
                raise
            # Ours and theirs together are no valid object (a port was edited, say): only a whole one is.
            applied = _labelled(live, wanted)
        before, after = essence(live), essence(applied)
        if not touched:
            return Planned(wanted, "left" if before == after else "change", live, before, after, wanted, notes)
        whole = replacement(wanted, applied, live, SERVER_SIDE)
        try:
            replaced = essence(self.client.dry_replace(path, whole))
        except ForbiddenError:
            # Without the right to replace, foreign fields can be neither seen nor removed.
            replaced = after
        if before == replaced:
            return Planned(wanted, "left", live, before, before, None, notes)
        action = "change" if after == replaced else "replace"
        return Planned(wanted, action, live, before, replaced, whole, notes)

    def _refuse_others(self, live: Object, title: str) -> None:
        """What was made for another target is not taken from it, nor what nobody would bring back afterwards."""
        other = (live["metadata"].get("labels") or {}).get(MARK)
        if other not in (None, self.target):
            raise TakenError(f"{title}: it was made for another target, {other}, and is not taken from it")
        if other is None and title.partition(" ")[0] not in MADE:
            raise TakenError(f"{title}: somebody else has made it, and it is not written over: rename or remove it")

    def _new(self, path: str, manifest: Object) -> Planned:
        least = self.least.get((manifest["kind"], manifest["metadata"]["name"]))
        if least is not None and "replicas" not in manifest["spec"]:
            # It would begin with one, and be scaled later.
            manifest = manifest | {"spec": {"replicas": least} | manifest["spec"]}
        try:
            return Planned(manifest, "create", None, None, essence(self.client.dry_apply(path, manifest, MANAGER)))
        except NotFoundError:
            return Planned(manifest, "create", None, None, manifest, notes=[self._check_elsewhere(manifest)])
        except ApiError as error:
            if not (webhook := without_trial(error)):
                raise
            return Planned(manifest, "create", None, None, manifest, notes=[_not_tried(webhook)])

    def _check_elsewhere(self, manifest: Object) -> str:
        """Let the cluster check a manifest whose namespace is yet to be made, in one that every cluster has."""
        moved = deepcopy(manifest)
        moved["metadata"]["namespace"] = "default"
        try:
            self.client.dry_apply(self.client.path_of(moved, "default"), moved, MANAGER)
        except UnauthorizedError:
            raise
        except (NotFoundError, ForbiddenError):
            return f"namespace {self.namespace} is not there yet: shown as rendered, not checked by the cluster"
        except ApiError as error:
            # What is not allowed there may well be allowed here: the plan is made again when the namespace is there.
            return (
                f"namespace {self.namespace} is not there yet: shown as rendered; "
                f"in namespace default the cluster would not take it: {one_line(error.message, 300)}"
            )
        return f"namespace {self.namespace} is not there yet: shown as rendered, checked in namespace default"

    def _left_over(self, manifests: list[Object]) -> list[Planned]:
        wanted = {(item["kind"], item["metadata"]["name"]) for item in manifests}
        order = [kind for _, kind in PRUNABLE]
        gone = sorted((key for key in self.ours if key not in wanted), key=lambda key: (order.index(key[0]), key[1]))
        note = "it is in no manifest any more"
        return [Planned(live, "delete", live, essence(live), notes=[note]) for live in (self.ours[key] for key in gone)]


def _job(manifest: Object, live: Object) -> Planned:
    """A Job cannot be changed, and is called after what it does: one that has succeeded has nothing left to do."""
    seen = essence(live)
    if jobs.succeeded(live):
        return Planned(manifest, "left", live, seen, seen)
    note = "it has failed, and is run once more" if jobs.failure(live) else "it has not ended yet: it is waited for"
    return Planned(manifest, "change", live, seen, seen, notes=[note])


def _not_tried(webhook: str) -> str:
    return (
        f"not tried by the cluster, for the admission webhook {webhook} does not support dry runs (its sideEffects are "
        "Unknown or Some): compared with what we have set; what the cluster says to it is seen when it is applied"
    )


def _untried(wanted: Object, live: Object, notes: list[str]) -> Planned:
    """An object that the cluster cannot try: rendered against live, by the fields that our apply has set."""
    before = essence(live)
    if not untried(live, wanted):
        return Planned(wanted, "left", live, before, before, None, notes)
    return Planned(wanted, "change", live, own(live), wanted, wanted, notes)


def _labelled(live: Object, wanted: Object) -> Object:
    """The live object with our labels and annotations, as an apply would have left its metadata."""
    merged = deepcopy(live)
    for key in ("labels", "annotations"):
        if key in wanted["metadata"]:
            merged["metadata"][key] = (merged["metadata"].get(key) or {}) | wanted["metadata"][key]
    return merged


def described(planned: list[Planned]) -> list[dict[str, Any]]:
    """The plan as data: without a value of any Secret."""
    return [
        {
            "action": item.action,
            "api_version": item.manifest["apiVersion"],
            "kind": item.kind,
            "namespace": item.manifest["metadata"].get("namespace", ""),
            "name": item.name,
            "fields": [{"path": one.path, "before": one.before, "after": one.after} for one in item.fields],
            "notes": item.notes,
        }
        for item in planned
    ]


def beyond(planned: list[Planned], limit: int) -> str:
    """Why an apply is refused, when it would delete more than is done unasked; empty when it would not."""
    # A Job that is in no manifest any more is one that has been done.
    gone = [item.title for item in planned if item.action == "delete" and item.kind != "Job"]
    if len(gone) <= limit:
        return ""
    return (
        f"{len(gone)} objects are in no manifest any more ({', '.join(gone)}), and at most {limit} are deleted "
        f"unasked: look at them, then give -e workload_prune_limit={len(gone)}."
    )


def left_behind(planned: list[Planned]) -> str:
    """Why an apply is refused that would leave the data of a database behind; empty when it would not."""
    servers = [item.name for item in planned if item.action == "delete" and item.kind == "StatefulSet"]
    if not servers:
        return ""
    return (
        f"StatefulSet {servers[0]} is in no manifest any more (app_db_mode), and the data of its database would be "
        f"left behind: set app_db_mode back to shared, or save the data, delete StatefulSet {servers[0]} and run again."
    )


def summary(planned: list[Planned], images: list[dict[str, Any]]) -> list[str]:
    """The plan for people, line by line."""
    counted = {
        "to create": ["create"],
        "to change": ["change", "replace"],
        "to delete": ["delete"],
        "left as they are": ["left"],
    }
    signs = {"create": "+", "change": "~", "replace": "~", "delete": "-", "left": "="}
    numbers = {word: sum(item.action in actions for item in planned) for word, actions in counted.items()}
    lines = ["Objects: " + ", ".join(f"{number} {word}" for word, number in numbers.items() if number)]
    for item in planned:
        by_hand = " (written as a whole: somebody has changed it by hand)" if item.action == "replace" else ""
        lines.append(f"  {signs[item.action]} {item.action:<7} {item.title}{by_hand}")
        lines += [f"              {change.shown()}" for change in item.fields]
        lines += [f"              ({note})" for note in item.notes]
    missing = [image for image in images if not image["present"]]
    lines += [f"  + build   image {image['name']} ({image['tag']})" for image in missing]
    return lines
