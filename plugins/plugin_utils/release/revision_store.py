"""A target's snapshots in its cluster: take, keep, find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, NotFoundError
from ..kube.kinds import collection
from ..objects import deployments as kube_rollout
from ..objects.autoscalers import scalers
from ..objects.labels import BOOKKEEPING, COMPONENT, keeps_book, selector, whoami
from ..objects.managed_fields import MANAGER, MARK, autoscaler
from . import revisions as rev
from .own_fields import NAMED, own, recorded

Object = dict[str, Any]

MERGE = "application/merge-patch+json"

# Kind, the versions that it is served in, and whether a target cannot be without the right to read it. Of a kind that
# has moved, the newest version first: the cluster serves one of them at least.
KINDS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Secret", ("v1",), True),
    ("ConfigMap", ("v1",), False),
    ("ServiceAccount", ("v1",), False),
    ("NetworkPolicy", ("networking.k8s.io/v1",), False),
    ("PodDisruptionBudget", ("policy/v1", "policy/v1beta1"), False),
    ("Service", ("v1",), True),
    ("StatefulSet", ("apps/v1",), False),
    ("Deployment", ("apps/v1",), True),
    ("CronJob", ("batch/v1", "batch/v1beta1"), False),
    ("HorizontalPodAutoscaler", ("autoscaling/v2", "autoscaling/v1"), False),
    ("HTTPRoute", ("gateway.networking.k8s.io/v1",), False),
    ("Ingress", ("networking.k8s.io/v1",), True),
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


class Store:
    """The snapshots of one target."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        """Nothing is asked yet."""
        self.client = client
        self.namespace = namespace
        self.name = name
        # In which version the cluster serves a kind, as far as `live` has seen.
        self.served: dict[str, str] = {}
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
        for kind, versions, needed in KINDS:
            for api_version in versions:
                try:
                    items = self._of(kind, api_version)
                except NotFoundError:
                    continue
                except ForbiddenError:
                    if needed:
                        raise
                    break
                self.served[kind] = api_version
                found |= {rev.identity(item): item for item in items}
                break
        return rev.ordered(list(found.values()))

    def present(self) -> rev.Present:
        """The target's objects, and whose replicas an autoscaler looks after."""
        objects, autoscalers = self.live(), scalers(self.client, self.namespace)
        return rev.Present(objects, frozenset(rev.identity(one) for one in objects if autoscaler(one, autoscalers)))

    def running(self) -> tuple[rev.Revision | None, bool]:
        """The kept revision that runs, and whether it is as it was kept."""
        return rev.running(self.kept(), self.present())

    def _of(self, kind: str, api_version: str) -> list[Object]:
        path = collection(api_version, kind, self.namespace)
        items = list(self.client.get(path, labelSelector=f"{MARK}={self.name}").get("items") or [])
        if kind in MADE and not any(item["metadata"]["name"] == self.name for item in items):
            # Nothing of that name is no error here; a collection that is not served is, and was told above.
            named = self.client.find(f"{path}/{self.name}")
            items += [named] if named and not (named["metadata"].get("labels") or {}).get(MARK) else []
        # A list's items do not say what they are.
        return [{**item, "apiVersion": api_version, "kind": kind} for item in items if belongs(item)]

    def take(self, limit: int, towards: int = 0) -> Taken:
        """Keep what there is now, unless it is kept already, and say what can be gone back to.

        `towards`: the revision that is about to be restored. A run that is killed on the way there leaves a mixture of
        two; what was wanted last is the way out of that.
        """
        present, kept = self.present(), self.kept()
        for item in kept:
            if item.number == towards and item.objects:
                self._rewrite(replace(item, current_since=now()))
        deployment = present.deployment
        if deployment is None:
            # Nothing runs. Was it removed by hand? Then what is known to have worked is still kept.
            worked = rev.newest_verified(kept)
            return Taken(None, False, False, worked.number if worked else 0, worked.checks if worked else {})
        complete = not kube_rollout.unfinished(deployment)
        current, unchanged = rev.running(kept, present)
        known = current if unchanged else None
        parent = current or rev.newest_verified(kept)
        revision = known or self._new(kept, present, "found", parent, verified=False)
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
        present = self.present()
        known = rev.with_content(kept, present, strict=True)
        parent = next((item for item in kept if item.number == before), None)
        if known is None:
            revision = replace(self._new(kept, present, origin, parent, verified=True), checks=checks)
            self._write(revision)
        else:
            revision = rev.again(known, now(), whoami(), checks)
            if origin == "deployed" and before not in (0, known.number):
                # Who goes back keeps its own forerunner: going back twice goes back two steps, and not to and fro.
                revision = replace(revision, before=before, origin=origin)
            self._rewrite(revision)
        self._name(present, revision)
        spared = {revision.number, before}
        for item in rev.surplus([*kept, *([] if known else [revision])], max(limit, 1), spared):
            path, those = f"{self.secrets}/{self.name}-revision-{item.number}", {"preconditions": {"uid": item.uid}}
            self.client.request("DELETE", path, body=those)
        return revision, known is None

    def _name(self, present: rev.Present, revision: rev.Revision) -> None:
        """Write on the Deployment which revision it is: it is known by that when nobody records whose a field is."""
        deployment, number = present.deployment, str(revision.number)
        if deployment and (deployment["metadata"].get("annotations") or {}).get(NAMED) != number:
            path = self.client.path_of(deployment)
            notes: Object = {"metadata": {"annotations": {NAMED: number}}}
            self.client.request("PATCH", path, {"fieldManager": MANAGER}, notes, MERGE)

    def _new(
        self, kept: list[rev.Revision], present: rev.Present, origin: str, parent: rev.Revision | None, verified: bool
    ) -> rev.Revision:
        moment, objects = now(), [own(item) for item in present.objects]
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
            own=all(recorded(item) for item in present.objects),
        )

    def _write(self, revision: rev.Revision) -> None:
        self.client.request("POST", self.secrets, body=rev.packed(self.name, self.namespace, revision))

    def _rewrite(self, revision: rev.Revision) -> None:
        path = f"{self.secrets}/{self.name}-revision-{revision.number}"
        notes: Object = {"metadata": {"annotations": rev.annotations_of(revision)}}
        self.client.request("PATCH", path, body=notes, content_type=MERGE)

    def pick(self, wanted: int) -> rev.Revision:
        """The revision to go back to on demand; 0 is what ran before."""
        kept, present = self.kept(), self.present()
        if wanted:
            # It is gone to unless every field of it is known to be there, and nothing beside it.
            return rev.chosen(kept, rev.with_content(kept, present, strict=True), wanted)
        current, unchanged = rev.running(kept, present)
        return rev.chosen(kept, current, wanted, unchanged)


def belongs(item: Object) -> bool:
    """Whether an object is part of a target, and neither a controller's own nor kept about the target."""
    metadata = item["metadata"]
    component = (metadata.get("labels") or {}).get(COMPONENT)
    return (
        not metadata.get("ownerReferences") and component not in BOOKKEEPING and not metadata.get("deletionTimestamp")
    )


def reference(item: Object) -> Object:
    """Just enough to name an object."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "uid") if key in item["metadata"]}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}


def now() -> str:
    """The time, to the microsecond: two revisions of one second have an order."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
