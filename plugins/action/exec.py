"""Run a command in a Pod that serves. See plugins/modules/exec.py."""

from __future__ import annotations

import shlex
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.errors import UserError
from ..plugin_utils.evidence.cluster import replica_sets, selector_of
from ..plugin_utils.evidence.container_logs import deployed, pods_of, secrets_of
from ..plugin_utils.evidence.names import Names
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.kube.pod_exec import ERR, OUT, Ended, Lines, Place, TimedOutError, execute
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.objects import deployments
from ..plugin_utils.objects.conditions import holds
from ..plugin_utils.redaction.mask import Mask

Object = dict[str, Any]


class ActionModule(KubeAction):
    """The action `exec`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "command": {"type": "raw", "required": True},
        "container": {"type": "str", "default": "api"},
        "timeout": {"type": "float", "default": 60},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Choose a Pod, run the command, print what it writes, and fail as it fails."""
        command = words(arguments["command"])
        if arguments["timeout"] <= 0:
            raise UserError("exec_timeout must be more than 0 seconds.")
        names = Names(arguments["namespace"], arguments["name"])
        pod = serving(client, names)
        container = known(pod, arguments["container"])
        mask = Mask(secrets_of(client, names, [pod]))
        name = str(pod["metadata"]["name"])
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "pod": name}
        end = self._run(client, Place(names.namespace, name, container), command, arguments["timeout"], mask)
        told = {"changed": False, "pod": name, "container": container, "rc": end.code}
        if end.code == 0:
            return told
        where = f"Pod {name}, container {container}"
        why = f"ended with exit status {end.code}" if end.code is not None else f"could not be run: {mask(end.message)}"
        return told | {"failed": True, "msg": f"The command {why} ({where})."}

    def _run(self, client: KubeClient, place: Place, command: list[str], seconds: float, mask: Mask) -> Ended:
        written = {OUT: Lines(), ERR: Lines()}

        def show(channel: int, lines: list[str]) -> None:
            for line in lines:
                Display().display(mask(line), stderr=channel == ERR)

        running = execute(client, place, command, seconds)
        try:
            while True:
                channel, data = next(running)
                show(channel, written[channel].add(data))
        except StopIteration as stop:
            end: Ended = stop.value
            return end
        except TimedOutError as error:
            raise KubeError(f"{error}. Give it longer: -e exec_timeout=…") from error
        finally:
            running.close()
            for channel, lines in written.items():
                show(channel, lines.rest())


def words(command: Any) -> list[str]:
    """The program and its arguments. Raises UserError."""
    if isinstance(command, str):
        try:
            command = shlex.split(command)
        except ValueError as error:
            raise UserError(f"The command cannot be read ({error}): check its quotes.") from error
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise UserError("The command must be a text, or a list of texts: -e command='ls -l'.")
    if not command or not command[0]:
        raise UserError("Which command? make exec ARGS='-e command=date', or -e exec_command=….")
    return command


def serving(client: KubeClient, names: Names) -> Object:
    """A ready Pod of the Deployment's newest version. Raises KubeError where there is none."""
    deployment = deployed(client, names)
    pods = pods_of(client, names, deployment)
    newest = deployments.current_hash(deployment, replica_sets(client, names, selector_of(deployment)))
    standing = deployments.standing(pods)
    current = deployments.of_version(standing, deployment, newest) if newest else standing
    ready = [pod for pod in current if holds(pod, "Ready")]
    if not ready:
        raise KubeError(
            f"No Pod of {names.name}'s newest version is ready in namespace {names.namespace}: make status shows why."
        )
    return min(ready, key=lambda pod: str(pod["metadata"]["name"]))


def known(pod: Object, container: str) -> str:
    """The container's name. Raises KubeError where the Pod has none of that name."""
    there = [str(one["name"]) for one in pod["spec"]["containers"]]
    if container not in there:
        raise KubeError(
            f"Pod {pod['metadata']['name']} has no container {container}, but {' and '.join(there)} (exec_container)."
        )
    return container
