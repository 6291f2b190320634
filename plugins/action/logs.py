"""Print what the containers have said. See plugins/modules/logs.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.console.status import merged
from ..plugin_utils.evidence.container_logs import deployed, last_lines, pods_of, secrets_of, source
from ..plugin_utils.evidence.names import Names
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.redaction.mask import Mask


class ActionModule(KubeAction):
    """The action `logs`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "container": {"type": "str", "default": ""},
        "tail": {"type": "int", "default": 40},
        "previous": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read all logs, put them in the order of time, print the last lines."""
        names = Names(arguments["namespace"], arguments["name"])
        pods = pods_of(client, names, deployed(client, names))
        mask = Mask(secrets_of(client, names, pods))
        logs = last_lines(client, names, pods, arguments["container"], arguments["tail"], arguments["previous"])
        texts = {source(*place): text for place, text in logs.items()}
        lines = list(map(mask, merged(texts, arguments["tail"])))
        Display().display("\n".join(["", *(lines or ["The logs are empty."]), ""]))
        return {"changed": False, "lines": lines}
