"""Ask a cluster whether this account may do what it is about to. See plugins/modules/access_check.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.kube.access import APPLIED, Right, demand, rights_for
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import KubeAction


class ActionModule(KubeAction):
    """The action `access_check`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "namespace": {"type": "str", "required": True},
        "objects": {"type": "list", "elements": "dict", "required": True},
        "verbs": {"type": "list", "elements": "str", "default": list(APPLIED)},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """One question for all, and one more for each right that is in doubt."""
        wanted: dict[Right, None] = {}
        for item in arguments["objects"]:
            verbs = tuple(item.get("verbs") or arguments["verbs"])
            wanted |= dict.fromkeys(rights_for(client, str(item["apiVersion"]), str(item["kind"]), verbs))
        demand(client, arguments["namespace"], list(wanted))
        return {"changed": False, "rights": [str(right) for right in wanted]}
