"""Compare manifests with what a cluster has, without changing it and without showing secrets."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from .kube_client import KubeClient
from .kube_errors import ApiError, ForbiddenError, KubeError, NotFoundError

MANAGER = "fastapi-mysql-k8s"

Manifest = dict[str, Any]

# What the cluster writes itself: no difference there is ever ours.
SERVER_SIDE = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


@dataclass(frozen=True)
class Compared:
    """One manifest beside its object: same, or absent, or to be applied or replaced."""

    manifest: Manifest
    state: str
    before: Manifest | None = None
    after: Manifest | None = None
    replacement: Manifest | None = None

    @property
    def title(self) -> str:
        """Kind and name, for people."""
        return f"{self.manifest['kind']} {self.manifest['metadata']['name']}"

    @property
    def as_whole(self) -> bool:
        """Whether it must be written as a whole: to take foreign fields out, or because an apply cannot carry it.

        The official client escapes what is beyond 16 bits (an emoji) in a way that the server's YAML refuses.
        """
        return self.state == "replace" or max(json.dumps(self.manifest, ensure_ascii=False)) > "\uffff"


class RefusedError(KubeError):
    """The cluster would not take one or more of the manifests."""


def compare_all(client: KubeClient, manifests: list[Manifest]) -> list[Compared]:
    """Compare every manifest; if the cluster refuses any, say so for all of them at once."""
    compared: list[Compared] = []
    refusals: list[str] = []
    for manifest in manifests:
        try:
            compared.append(compare(client, manifest))
        except ApiError as error:
            if error.status in (401, 500, 503):
                raise
            title = f"{manifest['kind']} {manifest['metadata']['name']}"
            refusals.append(f"{title}: {error.message}")
    if refusals:
        raise RefusedError(f"The cluster refuses {'; '.join(refusals)}. Nothing was applied.")
    return compared


def compare(client: KubeClient, manifest: Manifest) -> Compared:
    """Compare one manifest with its live object by two server-side dry runs.

    A dry-run apply shows what our own fields would become, labels and annotations of others kept. A dry-run replace
    shows what others put into the spec (a container, a variable set by hand), which an apply alone would never remove.
    """
    path = client.path_of(manifest)
    live = client.find(path)
    if manifest["kind"] == "Namespace" and live is not None:
        # A namespace that is there may belong to others too: it is used as it is.
        return Compared(manifest, "same")
    try:
        applied = client.dry_apply(path, manifest, MANAGER)
    except NotFoundError:
        _check_elsewhere(client, manifest)
        return Compared(manifest, "absent", None, manifest)
    if live is None:
        return Compared(manifest, "absent", None, essence(applied))
    wanted = replacement(manifest, applied, live)
    try:
        replaced = client.dry_replace(path, wanted)
    except ForbiddenError:
        # Without the right to replace, foreign fields can be neither seen nor removed.
        replaced = applied
    before, after = essence(live), essence(replaced)
    if before == after:
        return Compared(manifest, "same")
    if essence(applied) == after:
        return Compared(manifest, "apply", before, after, wanted)
    return Compared(manifest, "replace", before, after, wanted)


def _check_elsewhere(client: KubeClient, manifest: Manifest) -> None:
    """Let the cluster check a manifest whose namespace is yet to be made, in one that every cluster has."""
    moved = deepcopy(manifest)
    moved["metadata"]["namespace"] = "default"
    try:
        client.dry_apply(client.path_of(moved, "default"), moved, MANAGER)
    except (NotFoundError, ForbiddenError):
        return


def replacement(manifest: Manifest, applied: Manifest, live: Manifest) -> Manifest:
    """The manifest as the whole object: its spec alone, the metadata as an apply would leave it."""
    wanted = deepcopy(manifest)
    wanted["metadata"] = {key: value for key, value in deepcopy(applied["metadata"]).items() if key not in SERVER_SIDE}
    annotations = applied.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations")
    if annotations:
        # `kubectl rollout restart` is no drift: undoing it would restart the Pods again.
        wanted["spec"]["template"]["metadata"]["annotations"] = deepcopy(annotations)
    if manifest["kind"] == "Service":
        # A Service is replaced by its version only (until Kubernetes 1.21), and keeps its address.
        wanted["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        for key in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
            if key in live.get("spec", {}):
                wanted["spec"].setdefault(key, deepcopy(live["spec"][key]))
    return wanted


def essence(live: Manifest) -> Manifest:
    """An object without its status and what the server writes into its metadata."""
    bare = {key: deepcopy(value) for key, value in live.items() if key != "status"}
    bare["metadata"] = {key: value for key, value in bare["metadata"].items() if key not in SERVER_SIDE}
    return bare


def difference(compared: Compared) -> dict[str, str]:
    """Before and after, for `--diff`; a Secret shows which keys differ, never a value."""
    before, after = compared.before, compared.after
    if compared.manifest["kind"] == "Secret":
        before, after = _redacted(before, None), _redacted(after, before)
    return {
        "before_header": f"{compared.title} (cluster)",
        "after_header": f"{compared.title} (wanted)",
        "before": _yaml(before),
        "after": _yaml(after),
    }


def _redacted(secret: Manifest | None, other: Manifest | None) -> Manifest | None:
    if secret is None:
        return None
    shown = deepcopy(secret)
    old = (other or {}).get("data") or {}
    for field in ("data", "stringData"):
        if isinstance(shown.get(field), dict):
            shown[field] = {
                key: "(hidden)" if other is None or old.get(key) == value else "(hidden, new value)"
                for key, value in shown[field].items()
            }
    if shown.get("metadata", {}).get("annotations"):
        # `kubectl apply` leaves a copy of the whole Secret in an annotation.
        shown["metadata"]["annotations"] = dict.fromkeys(shown["metadata"]["annotations"], "(hidden)")
    return shown


def _yaml(document: Manifest | None) -> str:
    return "" if document is None else yaml.safe_dump(document, sort_keys=True, allow_unicode=True)
