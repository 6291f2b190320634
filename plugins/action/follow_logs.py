"""Print what the containers say, as they say it. See plugins/modules/follow_logs.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.console.status import log_line, merged
from ..plugin_utils.errors import UserError
from ..plugin_utils.evidence.cluster import selector_of
from ..plugin_utils.evidence.container_logs import deployed, last_lines, pods_of, secrets_of, source
from ..plugin_utils.evidence.names import Names
from ..plugin_utils.interrupts import until_interrupted
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.log_streams import LogStreams
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.redaction.mask import Mask

# For the callback `progress`: an interrupt ends what this does, and not the run.
ENDED_BY_INTERRUPT = True


class ActionModule(KubeAction):
    """The action `follow_logs`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "container": {"type": "str", "default": ""},
        "tail": {"type": "int", "default": 40},
        "previous": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Begin with the last lines, in the order of time."""
        if arguments["previous"]:
            raise UserError(
                "The log from before a restart has ended and cannot be followed: "
                "set logs_previous or logs_follow, not both."
            )
        with until_interrupted():
            self._follow(client, arguments)
        return {"changed": False}

    def _follow(self, client: KubeClient, arguments: dict[str, Any]) -> None:
        names, only, tail = Names(arguments["namespace"], arguments["name"]), arguments["container"], arguments["tail"]
        deployment = deployed(client, names)
        pods = pods_of(client, names, deployment)
        self.values = secrets_of(client, names, pods)
        self.mask = Mask(self.values)
        # One line at least, which tells from where on it goes on.
        logs = last_lines(client, names, pods, only, max(tail, 1))
        texts = {self._source(*place): text for place, text in logs.items()}
        self._print(merged(texts, tail))

        def admit(new: list[dict[str, Any]]) -> None:
            # A container keeps what it was started with: what was hidden before stays hidden.
            self.values = list({*self.values, *secrets_of(client, names, new)})
            self.mask = Mask(self.values)

        known = {place: text.splitlines()[-1].partition(" ")[0] for place, text in logs.items() if text}
        seen = {str(pod["metadata"]["name"]) for pod in pods}
        streams = LogStreams(
            client, names.namespace, selector_of(deployment), lambda one: only in ("", one), admit, seen, known
        )
        width = max(map(len, texts))
        for item in streams.follow():
            if isinstance(item, str):
                self._print([f"-- {item}"])
                continue
            place = self._source(item.pod, item.container)
            width = max(width, len(place))
            self._print([log_line(item.stamp, place, width, item.text)])

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            Display().display(self.mask(line))

    def _source(self, pod: str, container: str) -> str:
        """Where a line is from: with its target, where there are several."""
        several = len(self.variables.get("ansible_play_hosts_all") or []) > 1
        return (f"{self.variables['inventory_hostname']} " if several else "") + source(pod, container)
