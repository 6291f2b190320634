"""Run a long command and show that it moves."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

REPORT_EVERY_SECONDS = 15


class ActionModule(ActionBase):
    """Runs on the controller, as the user who called Ansible: what it makes is that user's."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the command to its end."""
        super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "argv": {"type": "list", "elements": "str", "required": True},
                "chdir": {"type": "path", "required": True},
                "environment": {"type": "dict", "default": {}},
                "log": {"type": "path", "required": True},
                "label": {"type": "str", "required": True},
                "lines": {"type": "int", "required": True},
            }
        )
        if self._task.check_mode:
            return {"changed": True}
        started = time.monotonic()
        log = Path(arguments["log"])
        log.parent.mkdir(parents=True, exist_ok=True)
        tail: deque[str] = deque(maxlen=15)
        environment = os.environ | {key: str(value) for key, value in arguments["environment"].items()}
        reported = started
        with (
            log.open("w", encoding="utf-8") as sink,
            subprocess.Popen(
                arguments["argv"],
                cwd=arguments["chdir"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            for count, line in enumerate(process.stdout or (), start=1):
                sink.write(line)
                tail.append(line)
                if time.monotonic() - reported >= REPORT_EVERY_SECONDS:
                    reported = time.monotonic()
                    share = min(99, 100 * count // max(1, arguments["lines"]))
                    Display().display(f"  {arguments['label']}: {share} % after {int(reported - started)} s")
        if process.returncode:
            raise AnsibleActionFail(
                f"{arguments['label']}: failed with status {process.returncode}; "
                f"the whole log is {log}, its last lines:\n{''.join(tail)}"
            )
        return {"changed": True, "seconds": round(time.monotonic() - started)}
