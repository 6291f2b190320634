"""What a release would do to the cluster: as data for who does it, as lines for who reads it, held to a saved plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from ..kube.client import KubeClient
from ..kube.config import load_documents
from ..kube.errors import KubeError, one_line
from ..objects import deployments as rollout
from ..objects.changes import redacted
from . import maintenance, saved_plan
from .lease import Lock
from .plan import Object, Planned, Planner, beyond, described, left_behind, summary


@dataclass(frozen=True)
class Asked:
    """What a release is planned for: the manifests as text, in the order in which they are applied."""

    namespace: str
    name: str
    manifests: list[str]
    # The groups and versions that the cluster serves.
    apis: list[str]
    # As `build.images.look` describes them; for the summary and for saved plans.
    images: list[Object]
    # With more objects to delete than this, nothing is applied.
    prune_limit: int = 3
    # Files of saved plans: one that must still hold, and one to write; empty for none.
    hold_to: str = ""
    save: str = ""


@dataclass(frozen=True)
class ReleasePlan:
    """What a release would do, object by object, and whether what is wanted runs already."""

    planned: list[Planned]
    images: list[Object]
    # Why an apply is refused; empty when it is not.
    refusal: str
    rolled_out: bool
    # The Pods of the Deployment, as `pod_summary` lists them.
    pods: list[Object]
    # Whether a run that is no more has left its Lease, perhaps before it had verified what it did.
    interrupted: bool

    @property
    def differing(self) -> list[Planned]:
        """The objects that something is done with."""
        return [item for item in self.planned if item.action != "left"]

    @property
    def lines(self) -> list[str]:
        """The plan for people."""
        refused = [f"  ! an apply is refused: {self.refusal}"] if self.refusal else []
        return summary(self.planned, self.images) + refused

    @property
    def notes(self) -> list[str]:
        """Why something is not as it was asked for, though nothing has to be done."""
        return [f"{item.title}: {note}" for item in self.planned for note in item.notes]

    def facts(self) -> Object:
        """What the roles that act read."""
        return {
            "differs": bool(self.differing),
            "rolled_out": self.rolled_out,
            "interrupted": self.interrupted,
            "pods": self.pods,
            "objects": described(self.planned),
            "to_migrate": [item.manifest for item in self.differing if item.kind == "Job" and item.action != "delete"],
            "to_apply": [item.manifest for item in self.differing if applies(item)],
            "to_replace": [item.whole or item.manifest for item in self.differing if item.as_whole],
            "to_delete": [named(item.manifest, "uid") for item in self.differing if item.action == "delete"],
        }


def plan_release(client: KubeClient, asked: Asked, trial: bool) -> ReleasePlan:
    """Dry-run everything: one refusal, and nothing is to be applied.

    With `trial`, nothing will be applied anyway: more objects to delete than are allowed are shown, and are no error.
    Raises KubeError for what the cluster refuses, PlanError for a saved plan that no longer holds.
    """
    planned = Planner(client, asked.namespace, asked.name, asked.apis).plan(parsed(asked.manifests))
    refusal = _maintained(planned, asked.name) or left_behind(planned) or beyond(planned, asked.prune_limit)
    if refusal and not trial:
        raise KubeError(f"{refusal} Nothing was applied.")
    _hold_and_save(client, planned, asked)
    rolled_out, pods = _rollout(client, planned, asked)
    # What differs, or is not up, sends the run through the whole of the release anyway.
    settled = rolled_out and not trial and all(item.action == "left" for item in planned)
    interrupted = settled and Lock(client, asked.namespace, asked.name, {}).abandoned()
    return ReleasePlan(planned, asked.images, refusal, rolled_out, pods, interrupted)


def _maintained(planned: list[Planned], name: str) -> str:
    """Why nothing is applied while maintenance is on: users would be led back to the Pods at once."""
    live = next((item.live for item in planned if (item.kind, item.name) == ("Service", name)), None)
    return maintenance.refusal(live, name) if live else ""


def _hold_and_save(client: KubeClient, planned: list[Planned], asked: Asked) -> None:
    """Compare with the plan that the run is to be held to; save this one."""
    where = (client.cluster.server, asked.namespace)
    if asked.hold_to:
        path = Path(asked.hold_to).expanduser()
        saved = saved_plan.load(path)
        now = saved_plan.snapshot(planned, asked.images, *where, salt=saved["salt"])
        moved = saved_plan.moved_sources(saved, asked.images) + saved_plan.moved_cluster(saved, now)
        saved_plan.refuse(path, moved)
    if asked.save:
        path = Path(asked.save).expanduser()
        saved_plan.save(path, saved_plan.snapshot(planned, asked.images, *where))


def _rollout(client: KubeClient, planned: list[Planned], asked: Asked) -> tuple[bool, list[Object]]:
    """Whether what is wanted already runs, and in which Pods the API does."""
    running = [item for item in planned if item.kind in ("Deployment", "StatefulSet") and item.action != "delete"]
    up = all(item.action == "left" and item.live and not rollout.unfinished(item.live) for item in running)
    for item in running:
        if (item.kind, item.name) == ("Deployment", asked.name) and item.live:
            selector = ",".join(f"{key}={value}" for key, value in item.live["spec"]["selector"]["matchLabels"].items())
            listed = client.get(f"/api/v1/namespaces/{asked.namespace}/pods", labelSelector=selector)
            pods = rollout.pod_summary(rollout.standing(listed.get("items") or []))
            return up, pods
    return False, []


def applies(item: Planned) -> bool:
    """Whether a server-side apply does it; a Job is run and waited for."""
    return item.kind != "Job" and item.action in ("create", "change") and not item.as_whole


def named(document: Object, *more: str) -> Object:
    """What it takes to find an object."""
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": {
            key: document["metadata"][key] for key in ("name", "namespace", *more) if key in document["metadata"]
        },
    }


def shown(item: Planned) -> dict[str, str]:
    """Before and after, for `--diff`; a Secret shows which keys differ, never a value."""
    before, after = item.before, item.after
    if item.kind == "Secret":
        before, after = redacted(before, None), redacted(after, before)
    return {
        "before_header": f"{item.title} (cluster)",
        "after_header": f"{item.title} (wanted)",
        "before": _yaml(before),
        "after": _yaml(after),
    }


def _yaml(document: Object | None) -> str:
    return "" if document is None else yaml.safe_dump(document, sort_keys=True, allow_unicode=True)


def parsed(texts: list[str]) -> list[Object]:
    """The documents of all rendered files, in order."""
    documents: list[Object] = []
    for text in texts:
        try:
            documents.extend(load_documents(text))
        except yaml.YAMLError as error:
            raise KubeError(f"A rendered manifest is not YAML: {one_line(str(error), 200)}") from error
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise KubeError("A rendered manifest has no apiVersion, kind or metadata.")
    return documents
