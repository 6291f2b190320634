"""Remove objects of a cluster and wait until they are gone. See plugins/modules/remove_objects.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.tenancy.removal import remove


class ActionModule(KubeAction):
    """The action `remove_objects`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "objects": {"type": "list", "elements": "dict", "required": True},
        "timeout": {"type": "int", "default": 120},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """In check mode, what there is of them is what would be removed."""
        removed = remove(client, arguments["objects"], arguments["timeout"], self._task.check_mode)
        return {"changed": bool(removed), "removed": removed}
