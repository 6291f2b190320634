"""Wait until every endpoint gives the answer that is expected of it."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils.endpoints import Answer, Asker, expected, matches

INTERVAL = 0.5

Endpoint = dict[str, Any]


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
            result.update(changed=False, skipped=True, answers=[])
            return result
        try:
            asker = Asker(arguments["base_url"], arguments["host"], arguments["validate_certs"])
        except ValueError as error:
            result.update(failed=True, msg=f"{error}.")
            return result
        endpoints: list[Endpoint] = arguments["endpoints"]
        answers = wait(asker, endpoints, time.monotonic() + arguments["timeout"])
        asker.close()
        result.update(changed=False, answers=summary(arguments["base_url"], endpoints, answers))
        wrong = [
            f"{arguments['base_url']}{item['path']} should answer {expected(item)}, but gave {answer.shown()}"
            for item, answer in zip(endpoints, answers, strict=True)
            if not matches(answer, item)
        ]
        if wrong:
            host = f" with Host {arguments['host']}" if arguments["host"] else ""
            result.update(failed=True, msg=f"{'; '.join(wrong)} (asked{host} for {arguments['timeout']} s).")
        return result


def wait(asker: Asker, endpoints: list[Endpoint], deadline: float) -> list[Answer]:
    """Each endpoint's last answer: all of them right, or the deadline is over."""
    answers = [asker.ask(str(item["path"])) for item in endpoints]
    while time.monotonic() < deadline:
        wrong = [number for number, item in enumerate(endpoints) if not matches(answers[number], item)]
        if not wrong:
            break
        time.sleep(INTERVAL)
        for number in wrong:
            answers[number] = asker.ask(str(endpoints[number]["path"]))
    return answers


def summary(base_url: str, endpoints: list[Endpoint], answers: list[Answer]) -> list[dict[str, str]]:
    """Name, URL and answer of each endpoint, short enough to print."""
    return [
        {"name": str(item.get("name", "")), "url": f"{base_url}{item['path']}", "answer": answer.shown()}
        for item, answer in zip(endpoints, answers, strict=True)
    ]
