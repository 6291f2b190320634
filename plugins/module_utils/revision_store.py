"""A target's snapshots in its cluster: take, keep, find, and say what restoring one takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from . import kube_rollout
from . import revisions as rev
from .kube_client import KubeClient
from .kube_errors import ApiError, ForbiddenError, NotFoundError
from .kube_ownership import MARK, carries_mark
from .ownership import BOOKKEEPING, COMPONENT, keeps_book, selector, whoami

Object = dict[str, Any]

MERGE = "application/merge-patch+json"

# Kind, its collection, and whether a target cannot be without the right to read it. Of a kind that has moved, the
# newest place first: the cluster serves one of them at least.
KINDS: tuple[tuple[str, tuple[tuple[str, str], ...], bool], ...] = (
    ("Secret", (("v1", "secrets"),), True),
    ("ConfigMap", (("v1", "configmaps"),), False),
    ("ServiceAccount", (("v1", "serviceaccounts"),), False),
    ("NetworkPolicy", (("networking.k8s.io/v1", "networkpolicies"),), False),
    ("PodDisruptionBudget", (("policy/v1", "poddisruptionbudgets"), ("policy/v1beta1", "poddisruptionbudgets")), False),
    ("Service", (("v1", "services"),), True),
    ("Deployment", (("apps/v1", "deployments"),), True),
    ("Ingress", (("networking.k8s.io/v1", "ingresses"),), True),
)
# The kinds that the templates make, named after the target: what bears that name is about to be overwritten.
MADE = frozenset({"Secret", "NetworkPolicy", "PodDisruptionBudget", "Service", "Deployment", "Ingress"})


@dataclass(frozen=True)
class Taken:
    """What a snapshot before a release has found."""

    revision: rev.Revision | None
    written: bool
    complete: bool
    restorable: int
    checks: Object


@dataclass(frozen=True)
class Restore:
    """What has to be removed and written, in this order, for a revision to be what runs."""

    remove: list[Object]
    secrets: list[Object]
    others: list[Object]

    @property
    def titles(self) -> list[str]:
        """What is touched, for people."""
        written = [" ".join(rev.identity(item)) for item in [*self.secrets, *self.others]]
        removed = [" ".join(rev.identity(item)) for item in self.remove]
        return [*written, *(f"{title} (removed)" for title in removed if title not in written)]


class Store:
    """The snapshots of one target."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        """Nothing is asked yet."""
        self.client = client
        self.namespace = namespace
        self.name = name
        self.secrets = f"/api/v1/namespaces/{namespace}/secrets"

    def kept(self) -> list[rev.Revision]:
        """All kept revisions, the oldest number first."""
        listed = self.client.get(self.secrets, labelSelector=selector(self.name, "revision"))
        found = [rev.unpacked(item) for item in listed.get("items") or [] if self._is_revision(item)]
        return sorted(found, key=lambda item: item.number)

    def _is_revision(self, secret: Object) -> bool:
        metadata = secret["metadata"]
        ours = keeps_book("Secret", metadata["name"], metadata.get("labels") or {}, self.name)
        return ours and secret.get("type") == rev.TYPE

    def live(self) -> list[Object]:
        """The target's objects as the cluster has them: those with our mark, and those of its name.

        An object of the same name that nobody's mark is on is about to be overwritten, so it is kept as well.
        """
        found: dict[tuple[str, str], Object] = {}
        for kind, places, needed in KINDS:
            for api_version, plural in places:
                try:
                    items = self._of(kind, api_version, plural)
                except NotFoundError:
                    continue
                except ForbiddenError:
                    if needed:
                        raise
                    break
                found |= {rev.identity(item): item for item in items}
                break
        return rev.ordered(list(found.values()))

    def _of(self, kind: str, api_version: str, plural: str) -> list[Object]:
        prefix = "apis" if "/" in api_version else "api"
        collection = f"/{prefix}/{api_version}/namespaces/{self.namespace}/{plural}"
        items = list(self.client.get(collection, labelSelector=f"{MARK}={self.name}").get("items") or [])
        if kind in MADE and not any(item["metadata"]["name"] == self.name for item in items):
            # Nothing of that name is no error here; a collection that is not served is, and was told above.
            named = self.client.find(f"{collection}/{self.name}")
            items += [named] if named and not (named["metadata"].get("labels") or {}).get(MARK) else []
        # A list's items do not say what they are.
        return [{**item, "apiVersion": api_version, "kind": kind} for item in items if belongs(item)]

    def take(self, limit: int) -> Taken:
        """Keep what there is now, unless it is kept already, and say what can be gone back to."""
        live = self.live()
        deployment = next((item for item in live if item["kind"] == "Deployment"), None)
        kept = self.kept()
        if deployment is None:
            # Nothing runs. Was it removed by hand? Then what is known to have worked is still kept.
            worked = rev.newest_verified(kept)
            return Taken(None, False, False, worked.number if worked else 0, worked.checks if worked else {})
        complete = not kube_rollout.unfinished(deployment)
        objects = [rev.cleaned(item) for item in live]
        digest = rev.digest_of(objects)
        known = rev.with_content(kept, digest)
        revision = known or self._new(kept, objects, "found", rev.newest_verified(kept), verified=False)
        if known is None and limit > 0:
            self._write(revision)
        verified = rev.newest_verified(kept)
        worked = revision if complete or revision.verified else verified
        # What somebody has changed by hand is asked what was last asked.
        checks = (worked.checks if worked else {}) or (verified.checks if verified else {})
        return Taken(revision, known is None, complete, worked.number if worked and limit > 0 else 0, checks)

    def record(self, origin: str, before: int, limit: int, checks: Object) -> tuple[rev.Revision, bool]:
        """Keep what runs now as known to work, and remove the oldest beyond the limit. Whether it is a new one."""
        kept = self.kept()
        objects = [rev.cleaned(item) for item in self.live()]
        known = rev.with_content(kept, rev.digest_of(objects))
        parent = next((item for item in kept if item.number == before), None)
        if known is None:
            revision = replace(self._new(kept, objects, origin, parent, verified=True), checks=checks)
            self._write(revision)
        else:
            revision = rev.again(known, now(), whoami(), checks)
            if origin == "deployed" and before not in (0, known.number):
                # Who goes back keeps its own forerunner: going back twice goes back two steps, and not to and fro.
                revision = replace(revision, before=before, origin=origin)
            self._rewrite(revision)
        spared = {revision.number, before}
        for item in rev.surplus([*kept, *([] if known else [revision])], max(limit, 1), spared):
            self.client.request("DELETE", f"{self.secrets}/{self.name}-revision-{item.number}")
        return revision, known is None

    def _new(
        self, kept: list[rev.Revision], objects: list[Object], origin: str, parent: rev.Revision | None, verified: bool
    ) -> rev.Revision:
        moment = now()
        return rev.Revision(
            number=rev.next_number(kept),
            objects=objects,
            digest=rev.digest_of(objects),
            taken=moment,
            current_since=moment,
            by=whoami(),
            origin=origin,
            verified=verified,
            before=parent.number if parent else 0,
            images=rev.images_of(objects),
        )

    def _write(self, revision: rev.Revision) -> None:
        self.client.request("POST", self.secrets, body=rev.packed(self.name, self.namespace, revision))

    def _rewrite(self, revision: rev.Revision) -> None:
        path = f"{self.secrets}/{self.name}-revision-{revision.number}"
        notes: Object = {"metadata": {"annotations": rev.annotations_of(revision)}}
        self.client.request("PATCH", path, body=notes, content_type=MERGE)

    def pick(self, wanted: int) -> rev.Revision:
        """The revision to go back to on demand; 0 is what ran before."""
        digest = rev.digest_of([rev.cleaned(item) for item in self.live()])
        return rev.chosen(self.kept(), digest, wanted)

    def restoring(self, objects: list[Object]) -> Restore:
        """What it takes to have exactly these objects: others with our mark go. No objects: all of ours go."""
        live = {rev.identity(item): item for item in self.live()}
        wanted = {rev.identity(item): item for item in objects}
        put: list[Object] = []
        anew: list[Object] = []
        for key, item in wanted.items():
            current = live.get(key)
            if current is not None and rev.cleaned(current) == item:
                continue
            body = rev.prepared(item, current)
            if current is not None and self._is_fixed(body):
                anew.append(current)
                body = rev.prepared(item, None)
            put.append(body)
        remove = [item for key, item in live.items() if key not in wanted and carries_mark(item, self.name)]
        return Restore(
            # The way in first, what Pods need last.
            remove=[reference(item) for item in [*anew, *reversed(remove)]],
            secrets=[item for item in put if item["kind"] == "Secret"],
            others=[item for item in put if item["kind"] != "Secret"],
        )

    def _is_fixed(self, body: Object) -> bool:
        """Whether the cluster refuses to turn the live object into this one, such as another selector."""
        try:
            self.client.dry_replace(self.client.path_of(body), body)
        except ApiError as error:
            if error.status == 422:
                return True
            raise
        return False


def belongs(item: Object) -> bool:
    """Whether an object is part of a target, and neither a controller's own nor kept about the target."""
    metadata = item["metadata"]
    component = (metadata.get("labels") or {}).get(COMPONENT)
    return (
        not metadata.get("ownerReferences") and component not in BOOKKEEPING and not metadata.get("deletionTimestamp")
    )


def reference(item: Object) -> Object:
    """Just enough to name an object."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def now() -> str:
    """The time, to the microsecond: two revisions of one second have an order."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
