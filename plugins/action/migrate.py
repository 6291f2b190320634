"""Run what brings a database to where a version wants it. See plugins/modules/migrate.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.rollout.causes import Rules
from ..plugin_utils.rollout.migration import Migration
from ..plugin_utils.run_lock import LOCK_ARGUMENTS, hold_on


class ActionModule(KubeAction):
    """The action `migrate`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "jobs": {"type": "list", "elements": "dict", "required": True},
        "patience": {"type": "int", "default": 12},
        **LOCK_ARGUMENTS,
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """One after the other, each to its end."""
        rules = Rules(arguments["patience"])
        hold_on(client, arguments)
        done = [
            Migration(client, arguments["name"], job, lambda line: Display().display(line), rules).run()
            for job in arguments["jobs"]
        ]
        return {"changed": any(done)}
