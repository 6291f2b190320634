"""Wait until a Deployment's Pods are the wanted ones and ready, or until that is hopeless. See plugins/modules."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube import deployments as rollout
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.rollout.causes import Rules
from ..plugin_utils.rollout.watch import Rollout
from ..plugin_utils.run_lock import LOCK_ARGUMENTS, hold_on


class ActionModule(KubeAction):
    """The action `rollout_wait`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "timeout": {"type": "int", "default": 300},
        "wait": {"type": "bool", "default": True},
        "endpoints": {"type": "list", "elements": "dict", "default": []},
        "patience": {"type": "int", "default": 12},
        "crash_limit": {"type": "int", "default": 3},
        "startup_seconds": {"type": "int", "default": 120},
        **LOCK_ARGUMENTS,
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Wait; in check mode only say how things are."""
        rules = Rules(arguments["patience"], arguments["crash_limit"], arguments["startup_seconds"])
        place = (arguments["namespace"], arguments["name"])
        watched = Rollout(client, *place, rules, lambda line: Display().display(line), arguments["endpoints"])
        if self._task.check_mode or not arguments["wait"]:
            pods, complete = watched.now()
            return {"changed": False, "pods": rollout.pod_summary(pods), "complete": complete, "ended": 0.0}
        hold_on(client, arguments)
        started = time.monotonic()
        pods = watched.wait(arguments["timeout"])
        return {
            "changed": False,
            "pods": rollout.pod_summary(pods),
            "complete": True,
            "timeline": watched.timeline.as_dict(),
            "seconds": round(time.monotonic() - started, 1),
            "ended": time.time(),
            "outage_ended": watched.outages.ended,
        }
