"""Print what the containers have said. See plugins/modules/logs.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.console.status import merged
from ..plugin_utils.evidence.cluster import items, selector_of
from ..plugin_utils.evidence.names import Names
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import ApiError, KubeError
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.redaction.hidden_values import hidden_values
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
        deployment = client.find(names.path("deployments", names.name))
        if deployment is None:
            raise KubeError(
                f"Deployment {names.name} is not in namespace {names.namespace}: deploy it first (make deploy)."
            )
        pods = items(client, names.path("pods"), selector_of(deployment))
        hidden = hidden_values(client, names.namespace, names.name, [pod["spec"] for pod in pods])
        if hidden.unread:
            raise KubeError(f"No log is printed, for it may hold what must not be shown: {hidden.unread}.")
        logs: dict[str, str] = {}
        known: set[str] = set()
        for pod in pods:
            for container in pod["spec"]["containers"]:
                known.add(str(container["name"]))
                if arguments["container"] in ("", container["name"]):
                    name = str(pod["metadata"]["name"])
                    source = f"{name.rpartition('-')[2]}/{container['name']}"
                    logs[source] = read(client, names, name, str(container["name"]), arguments)
        if not pods:
            raise KubeError(
                f"Deployment {names.name} in namespace {names.namespace} has no Pod: make status shows why."
            )
        if not logs:
            there = " and ".join(sorted(known))
            raise KubeError(
                f"No Pod of {names.name} has a container {arguments['container']}, but {there} (logs_container)."
            )
        lines = list(map(Mask(hidden.values), merged(logs, arguments["tail"])))
        Display().display("\n".join(["", *(lines or ["The logs are empty."]), ""]))
        return {"changed": False, "lines": lines}


def read(client: KubeClient, names: Names, pod: str, container: str, arguments: dict[str, Any]) -> str:
    """One container's last lines, each with its time; none when it has not started."""
    query = {"container": container, "timestamps": "true", "tailLines": str(arguments["tail"])}
    if arguments["previous"]:
        query["previous"] = "true"
    try:
        return client.text(f"{names.path('pods', pod)}/log", **query)
    except ApiError as error:
        if error.status in (400, 404):
            return ""
        raise
