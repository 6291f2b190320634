"""Wait until every endpoint gives the answer that is expected of it."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils.endpoints import Answer, Asker, expected, matches

INTERVAL = 0.5
# How many seconds of no answer at all are enough: a program that is not running comes soon or not at all.
SILENCE = 15.0
# How many wrong answers are told in full.
TOLD = 2

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
        started = time.monotonic()
        answers = wait(asker, endpoints, arguments["timeout"])
        asker.close()
        result.update(changed=False, answers=summary(arguments["base_url"], endpoints, answers))
        host = f"with Host {arguments['host']} " if arguments["host"] else ""
        problem = describe(arguments["base_url"], endpoints, answers)
        if problem:
            result.update(failed=True, msg=f"{problem} (asked {host}for {time.monotonic() - started:.0f} s).")
        return result


def wait(asker: Asker, endpoints: list[Endpoint], timeout: float) -> list[Answer]:
    """Each endpoint's last answer: all of them right, or the time is up; sooner where nobody is there at all."""
    started = time.monotonic()
    answers = [asker.ask(str(item["path"])) for item in endpoints]
    while True:
        wrong = [number for number, item in enumerate(endpoints) if not matches(answers[number], item)]
        patience = min(timeout, SILENCE) if all(answer.error for answer in answers) else timeout
        if not wrong or time.monotonic() - started >= patience:
            return answers
        time.sleep(INTERVAL)
        for number in wrong:
            answers[number] = asker.ask(str(endpoints[number]["path"]))


def describe(base_url: str, endpoints: list[Endpoint], answers: list[Answer]) -> str:
    """What is wrong, in one line: the first wrong answers in full, of others the path; empty when all is right."""
    if answers and all(answer.error for answer in answers):
        return f"{base_url} gives {answers[0].error}: start the Ingress controller there, or correct app_base_url"
    wrong = [(item, answer) for item, answer in zip(endpoints, answers, strict=True) if not matches(answer, item)]
    told = [
        f"{base_url}{item['path']} should answer {expected(item)}, but gave {answer.shown()}"
        for item, answer in wrong[:TOLD]
    ]
    if rest := wrong[TOLD:]:
        told.append(f"as wrong: {', '.join(str(item['path']) for item, _ in rest)}")
    return "; ".join(told)


def summary(base_url: str, endpoints: list[Endpoint], answers: list[Answer]) -> list[dict[str, str]]:
    """Name, URL and answer of each endpoint, short enough to print."""
    return [
        {"name": str(item.get("name", "")), "url": f"{base_url}{item['path']}", "answer": answer.shown()}
        for item, answer in zip(endpoints, answers, strict=True)
    ]
