"""Begin a release: take the lock, plan once more, keep what there is. See plugins/modules/release_begin.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube.client import APPLY, KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.objects.managed_fields import MANAGER
from ..plugin_utils.plan_action import Object, PlanAction
from ..plugin_utils.release import maintenance
from ..plugin_utils.release.credentials import settled_again, uses_secret
from ..plugin_utils.release.lease import Held
from ..plugin_utils.release.revision_store import Store, Taken
from ..plugin_utils.release.revisions import Revision
from ..plugin_utils.run_cluster import connected
from ..plugin_utils.run_lock import lock_of, this_run
from ..plugin_utils.target.wanted_images import published_since
from ..plugin_utils.tenancy.access import demand, rights_to_release


class ActionModule(PlanAction):
    """The action `release_begin`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "plan": {"type": "dict", "required": True, "no_log": True},
        "hold_to": {"type": "str", "default": ""},
        "revision": {"type": "int"},
        "kept": {"type": "int", "default": 5},
        "seconds": {"type": "int", "default": 300},
        "take_over": {"type": "bool", "default": False},
    }

    def planned(self) -> Object:
        """All of it over one connection; what fails before anything is changed leaves no lock behind."""
        arguments, before = self.arguments, self.arguments["plan"]
        namespace, name = str(self.target["namespace"]), str(self.target["name"])
        with connected(*self._cluster_named()) as client:
            demand(client, namespace, rights_to_release(client, before.get("to_apply") or []))
            made = make_namespace(client, before)
            lock = lock_of(client, namespace, name)
            with lock.begun(this_run(), arguments["seconds"], arguments["take_over"]) as held:
                return self._under_lock(client, Store(client, namespace, name), held, made)

    def _under_lock(self, client: KubeClient, store: Store, held: Held, made: bool) -> Object:
        """Another run may have ended between the look and the lock: what it has done counts."""
        wanted, before = self.arguments["revision"], self.arguments["plan"]
        back = None if wanted is None else store.pick(wanted)
        if back:
            self._refuse_maintenance(client)
        # A plan that was saved did not foresee the namespace as made.
        hold_to = "" if made else self.arguments["hold_to"]
        plan = before | {"changed": False} if back else self._again(client, before, hold_to)
        found = store.take(self.arguments["kept"], back.number if back else 0)
        changed = made or found.written or plan["changed"]
        lock = {"lock": held.holder.id, "how": held.how, "namespace_made": made}
        return plan | told(found, back) | lock | {"changed": changed}

    def _refuse_maintenance(self, client: KubeClient) -> None:
        """A revision was kept with a Service that leads to its Pods. Of a deployment, the plan sees to it."""
        name = str(self.target["name"])
        service = client.find(f"/api/v1/namespaces/{self.target['namespace']}/services/{name}")
        if refusal := maintenance.refusal(service, name) if service else "":
            raise KubeError(f"{refusal} Nothing was changed.")

    def _again(self, client: KubeClient, before: Object, hold_to: str) -> Object:
        """The plan as it is by now: a rotation of the passwords, or a deployment that was quicker, is seen."""
        plan: Object = before | published_since(self.target, self.stages, before["images"]) | {"done": False}
        if uses_secret(self.target):
            secret = client.find(self._secret_path())
            plan["credentials"], other = settled_again(self.target, secret, before["credentials"])
            if other:
                name = self.target["name"]
                Display().display(f"Secret {name} has changed since this run began: what it holds now counts.")
        changed = self._render(plan)
        return plan | self._released(client, plan, hold_to).facts() | {"changed": changed}


def told(found: Taken, back: Revision | None) -> Object:
    """What there was, what of it can be gone back to, and which revision this release goes to."""
    return {
        "number": found.revision.number if found.revision else 0,
        "first": found.revision is None and not found.restorable,
        "complete": found.complete,
        "restorable": found.restorable,
        "checks": found.checks,
        "back_to": back.number if back else 0,
        "back_checks": back.checks if back else {},
    }


def make_namespace(client: KubeClient, plan: Object) -> bool:
    """On the first deployment: the lock lives in it, and nobody else can be at work in one that is not there."""
    wanted = [item for item in plan.get("to_apply") or [] if item["kind"] == "Namespace"]
    for item in wanted:
        client.request("PATCH", client.path_of(item), {"fieldManager": MANAGER, "force": "true"}, item, APPLY)
    return bool(wanted) and plan["cluster"]["namespace_exists"] is False
