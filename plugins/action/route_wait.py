"""Wait until a route that takes another's place is followed. See plugins/modules/route_wait.py."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ..plugin_utils.causes import Cause, CausedError
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.objects.routes import find_http_route, unserved
from ..plugin_utils.verify.verification import REMEDIES

INTERVAL = 0.25
CAUSE = "RouteNotServed"


class ActionModule(KubeAction):
    """The action `route_wait`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "kind": {"type": "str", "choices": ["Ingress", "HTTPRoute"], "required": True},
        "timeout": {"type": "float", "default": 12.0},
        "settle": {"type": "float", "default": 2.5},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Of an HTTPRoute its status tells; of an Ingress nothing does, so both are given the time it takes."""
        started = time.monotonic()
        if not self._task.check_mode:
            if arguments["kind"] == "HTTPRoute":
                wait_until_served(client, arguments["namespace"], arguments["name"], arguments["timeout"])
            time.sleep(arguments["settle"])
        return {"changed": False, "seconds": round(time.monotonic() - started, 3)}


def wait_until_served(client: KubeClient, namespace: str, name: str, timeout: float) -> None:
    """Watch until a Gateway serves the HTTPRoute; a CausedError says why none does."""
    until = time.monotonic() + timeout
    while True:
        route = find_http_route(client, namespace, name)
        why = unserved(route) if route else "it is gone"
        if not why:
            return
        if time.monotonic() >= until:
            cause = Cause(CAUSE, f"the HTTPRoute {name} leads nowhere: {why}", REMEDIES[CAUSE])
            raise CausedError(cause.sentence(), cause)
        time.sleep(INTERVAL)
