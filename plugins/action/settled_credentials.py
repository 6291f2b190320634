"""Settle a target's passwords again, under its lock. See plugins/modules/settled_credentials.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.release.credentials import version_of
from ..plugin_utils.run_cluster import connected
from .check_target import Target, settled_for


class ActionModule(PlainAction):
    """The action `settled_credentials`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"checked": {"type": "dict", "required": True, "no_log": True}}

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The same again, unless the Secret is another one by now."""
        target = Target(self.variables, self._templar)
        checked: dict[str, Any] = arguments["checked"]
        result = {"cluster": checked["cluster"], "credentials": checked["credentials"], "_ansible_no_log": True}
        if not boolean(target["db_enabled"]):
            return result
        with connected(str(target["kubeconfig"]), str(target["context"])) as client:
            secret = client.find(f"/api/v1/namespaces/{target['namespace']}/secrets/{target['name']}")
        before = checked["credentials"]
        if version_of(secret) == before.get("seen"):
            return result
        settled = settled_for(target, secret)
        Display().display(f"Secret {target['name']} has changed since this run began: what it holds now counts.")
        known = sorted({*before.get("known", []), *settled["known"]})
        return result | {"credentials": settled | {"known": known}}
