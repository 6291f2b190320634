"""Say what in a namespace belongs to others. See plugins/modules/namespace_others.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.tenancy.tenants import look


class ActionModule(KubeAction):
    """The action `namespace_others`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "going": {"type": "bool", "default": True},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look at every kind of object that the cluster serves, where it matters."""
        namespace = arguments["namespace"]
        found = look(client, namespace, arguments["name"], arguments["going"])
        if found.stays:
            Display().display(f"The namespace {namespace} stays: {found.stays}.")
        doomed = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "uid": found.uid}}
        return {
            "changed": False,
            "others": found.others,
            "removable": found.removable,
            "stays": found.stays,
            "leaving": found.leaving,
            # One that is being removed already is waited for.
            "to_remove": [doomed] if found.removable or found.leaving else [],
        }
