"""Wait until a Deployment's Pods are the wanted ones and ready, or until that is hopeless. See plugins/modules."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import ForbiddenError
from ..plugin_utils.kube.kinds import collection
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.objects import deployments as rollout
from ..plugin_utils.objects.managed_fields import MARK
from ..plugin_utils.rollout.causes import Rules
from ..plugin_utils.rollout.watch import Rollout
from ..plugin_utils.run_lock import LOCK_ARGUMENTS, hold_on


class ActionModule(KubeAction):
    """The action `rollout_wait`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "part": {"type": "str", "default": "all", "choices": ["all", "database"]},
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
        namespace, name, show = arguments["namespace"], arguments["name"], Display().display
        if arguments["part"] == "database":
            watched = Rollout(client, namespace, f"{name}-db", rules, show, kind="StatefulSet")
        else:
            watched = Rollout(client, namespace, name, rules, show, arguments["endpoints"])
        if self._task.check_mode or not arguments["wait"]:
            pods, complete = watched.now()
            return {"changed": False, "pods": rollout.pod_summary(pods), "complete": complete, "ended": 0.0}
        hold_on(client, arguments)
        started = time.monotonic()
        pods = watched.wait(arguments["timeout"])
        for other in others(client, namespace, name) if arguments["part"] == "all" else []:
            Rollout(client, namespace, other["metadata"]["name"], rules, show, kind=other["kind"]).wait(
                arguments["timeout"]
            )
        return {
            "changed": False,
            "pods": rollout.pod_summary(pods),
            "complete": True,
            "timeline": watched.timeline.as_dict(),
            "seconds": round(time.monotonic() - started, 1),
            "ended": time.time(),
            "outage_ended": watched.outages.ended,
        }


def others(client: KubeClient, namespace: str, name: str) -> list[dict[str, Any]]:
    """What else of a target keeps Pods running: its workers, its database."""
    found = []
    for kind in ("Deployment", "StatefulSet"):
        try:
            listed = client.get(collection("apps/v1", kind, namespace), labelSelector=f"{MARK}={name}")
        except ForbiddenError:
            # Who may not see them did not make them.
            continue
        found += [{"kind": kind, **item} for item in listed.get("items") or []]
    return [item for item in found if item["metadata"]["name"] != name]
