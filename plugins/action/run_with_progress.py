"""Run a long command and show that it moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.platform.long_command import LongCommand

TOLD_LINES = 15


class ActionModule(PlainAction):
    """Runs on the controller, as the user who called Ansible: what it makes is that user's."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "argv": {"type": "list", "elements": "str", "required": True},
        "chdir": {"type": "path", "required": True},
        "environment": {"type": "dict", "default": {}},
        "log": {"type": "path", "required": True},
        "label": {"type": "str", "required": True},
        "lines": {"type": "int", "required": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run the command to its end."""
        if self._task.check_mode:
            return {"changed": True}
        command = LongCommand(
            label=arguments["label"],
            argv=arguments["argv"],
            folder=Path(arguments["chdir"]),
            environment={key: str(value) for key, value in arguments["environment"].items()},
            log=Path(arguments["log"]),
            lines=arguments["lines"],
        )
        done = command.run(Display().display)
        if done.status:
            last = "\n".join(done.tail[-TOLD_LINES:])
            raise AnsibleActionFail(
                f"{command.label}: failed with status {done.status}; the whole log is {command.log}, "
                f"its last lines:\n{last}"
            )
        return {"changed": True, "seconds": done.seconds}
