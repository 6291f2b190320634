"""Say what in a namespace belongs to others. See plugins/modules/namespace_others.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_tenants import look
from ..plugin_utils.kube_action import TARGET_ARGUMENTS, KubeAction


class ActionModule(KubeAction):
    """The action `namespace_others`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = TARGET_ARGUMENTS

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look at every kind of object that the cluster serves, where it matters."""
        found = look(client, arguments["namespace"], arguments["target"])
        return {"changed": False, "others": found.others, "removable": found.removable, "stays": found.stays}
