"""Wait until every endpoint gives the answer that is expected of it."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils.endpoints import Answer, Asker, expected, matches

INTERVAL = 0.5


class ActionModule(ActionBase):
    """The action `endpoints_wait`."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask until all answers are right or the time is up; in check mode there may be nobody to ask."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "base_url": {"type": "str", "required": True},
                "host": {"type": "str", "default": ""},
                "endpoints": {"type": "list", "elements": "dict", "required": True},
                "timeout": {"type": "int", "default": 60},
                "validate_certs": {"type": "bool", "default": True},
            }
        )
        if self._task.check_mode:
            result.update(changed=False, skipped=True)
            return result
        try:
            asker = Asker(arguments["base_url"], arguments["host"], arguments["validate_certs"])
        except ValueError as error:
            result.update(failed=True, msg=f"{error}.")
            return result
        wrong = wait(asker, arguments["endpoints"], time.monotonic() + arguments["timeout"])
        asker.close()
        if wrong:
            host = f" (Host: {arguments['host']})" if arguments["host"] else ""
            told = "; ".join(
                f"{arguments['base_url']}{item['path']}{host} should answer {expected(item)}, but gave {answer.shown()}"
                for item, answer in wrong
            )
            result.update(failed=True, msg=f"{told} (after {arguments['timeout']} s).")
        return result


def wait(
    asker: Asker, endpoints: list[dict[str, Any]], deadline: float
) -> list[tuple[dict[str, Any], Answer]]:
    """The endpoints that are still wrong at the deadline, with their last answers."""
    left = endpoints
    while True:
        asked = [(item, asker.ask(str(item["path"]))) for item in left]
        wrong = [(item, answer) for item, answer in asked if not matches(answer, item)]
        if not wrong or time.monotonic() >= deadline:
            return wrong
        left = [item for item, _ in wrong]
        time.sleep(INTERVAL)
