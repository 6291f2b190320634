"""Run a long command and show that it moves."""

from __future__ import annotations

import os
import subprocess
import time
from collections import deque
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.redaction.hidden_environment import inherited

REPORT_EVERY_SECONDS = 15


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
        started = time.monotonic()
        log = Path(arguments["log"])
        log.parent.mkdir(parents=True, exist_ok=True)
        tail: deque[str] = deque(maxlen=15)
        environment = inherited(os.environ) | {key: str(value) for key, value in arguments["environment"].items()}
        reported = started
        with (
            log.open("w", encoding="utf-8") as sink,
            subprocess.Popen(
                # Ended with the run: nobody waits for it then.
                ["setpriv", "--pdeathsig", "INT", "--", *arguments["argv"]],
                cwd=arguments["chdir"],
                env=environment,
                # Nobody answers it; and Ansible's own input may be one that does not block.
                stdin=subprocess.DEVNULL,
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
