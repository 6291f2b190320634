"""Hold the Lease that lets one run at a time change a target. See plugins/modules/lease.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.release.lease import Held, Holder, NoNamespaceError, shown
from ..plugin_utils.run_lock import lock_of, this_run


class ActionModule(KubeAction):
    """The action `lease`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
        "id": {"type": "str", "default": ""},
        "seconds": {"type": "int", "default": 300},
        "take_over": {"type": "bool", "default": False},
        "optional": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Take, renew or give back. A lock is no change of the target: never `changed`."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "id": "", "how": "not taken in check mode"}
        lock, mine = lock_of(client, arguments["namespace"], arguments["name"]), this_run(arguments["id"])
        if arguments["state"] == "released":
            return {"changed": False, "id": mine.id, "was_held": lock.release(mine)}
        if arguments["id"]:
            return told(mine, lock.renew(mine, arguments["seconds"]))
        try:
            return told(mine, lock.take(mine, arguments["seconds"], arguments["take_over"]))
        except NoNamespaceError as error:
            if not arguments["optional"]:
                raise
            return {"changed": False, "id": "", "how": f"not taken: {error}"}


def told(mine: Holder, held: Held) -> dict[str, Any]:
    """What the next steps and a reader of `-v` want to know."""
    return {
        "changed": False,
        "id": mine.id,
        "holder": mine.title,
        "expires": shown(held.expires),
        "how": held.how,
    }
