"""End a release as failed, with what is known of the failure. See plugins/modules/release_failed.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.plain_action import PlainAction


class ActionModule(PlainAction):
    """The action `release_failed`: `ansible.builtin.fail`, which whoever rescues the run learns more from."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "msg": {"type": "str", "required": True},
        "known": {"type": "dict", "required": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Always a failure."""
        return {"failed": True, "msg": arguments["msg"], "known": arguments["known"]}
