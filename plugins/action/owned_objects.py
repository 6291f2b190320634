"""Say what there is of a target in its namespace. See plugins/modules/owned_objects.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.release.plan import Object, Planner
from ..plugin_utils.release.revision_store import Store
from ..plugin_utils.tenancy.cluster_check import served_apis


class ActionModule(KubeAction):
    """The action `owned_objects`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = DEPLOYMENT_ARGUMENTS

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """What bears the mark, and the revisions."""
        namespace, target = arguments["namespace"], arguments["name"]
        marked = [looked_at(item) for item in Planner(client, namespace, target, served_apis(client)).owned()]
        secrets = [item for item in marked if item["kind"] == "Secret"]
        return {
            "changed": False,
            "objects": [item for item in marked if item["kind"] != "Secret"],
            "secrets": secrets + kept_about(client, namespace, target),
        }


def kept_about(client: KubeClient, namespace: str, target: str) -> list[Object]:
    """The target's revisions. Its lock is not among them: whoever holds it gives it back."""
    return [
        named("v1", "Secret", namespace, f"{target}-revision-{item.number}")
        for item in Store(client, namespace, target).kept()
    ]


def looked_at(item: Object) -> Object:
    """Just enough to name an object, and no later one of the same name."""
    metadata = item["metadata"]
    found = named(item["apiVersion"], item["kind"], metadata["namespace"], metadata["name"])
    if uid := metadata.get("uid"):
        found["metadata"]["uid"] = uid
    return found


def named(api_version: str, kind: str, namespace: str, name: str) -> Object:
    """Just enough to name an object."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
