"""Turn maintenance of a target on or off. See plugins/modules/maintenance.py."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.evidence.answers import through_ingress
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, USERS_ARGUMENTS, KubeAction
from ..plugin_utils.release.maintenance import Switch, maintenance_of
from ..plugin_utils.verify.asker import Asker
from ..plugin_utils.verify.parties import Parties

Object = dict[str, Any]
UNAVAILABLE = 503
# An Ingress controller follows a Service within seconds.
INTERVAL = 0.5


class ActionModule(KubeAction):
    """The action `maintenance`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        **USERS_ARGUMENTS,
        "state": {"type": "str", "choices": ["on", "off"], "required": True},
        "timeout": {"type": "float", "default": 20},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Change the Service, and see that users get what they are to get; of the way back, the role `verify` does."""
        switch = Switch(client, arguments["namespace"], arguments["name"])
        service, wanted = switch.service(), arguments["state"] == "on"
        before = maintenance_of(service)
        changed = before.on != wanted
        told = {"changed": changed, "on": wanted, "since": before.since if wanted else ""}
        if self._task.check_mode:
            return told
        if changed and not wanted:
            switch.turn_off(service)
        elif changed:
            before = switch.turn_on(service)
        if wanted:
            heard = unavailable(arguments)
            Display().display(f"Maintenance of {switch.name} is on{before.told}. Users get {heard}.")
        elif not changed:
            Display().display(f"Maintenance of {switch.name} is not on.")
        return told | {"since": before.since if wanted else ""}


def unavailable(arguments: dict[str, Any]) -> str:
    """Wait until users get 503, and what they get. Raises KubeError when they get something else."""
    try:
        asker = Asker.of(arguments, timeout=5)
    except ValueError as error:
        raise KubeError(f"Maintenance is on, but what users get is not known: {error}.") from error
    deadline = time.monotonic() + arguments["timeout"]
    with closing(Parties(asker, [{"path": "/", "status": UNAVAILABLE}])) as parties:
        while True:
            (heard,) = through_ingress(parties, 1)
            if heard["right"]:
                return f"503 ({page})" if (page := heard.get("body", "")[:60].strip()) else "503"
            if time.monotonic() > deadline:
                break
            time.sleep(INTERVAL)
    got = heard["error"] or heard["status"]
    raise KubeError(
        f"Maintenance of {arguments['name']} is on, but users get {got} at {arguments['base_url']} and not 503. "
        "A controller may respond otherwise where a Service has no Pods: give it a page (maintenance_image), "
        "or end maintenance (make maintenance-off)."
    )
