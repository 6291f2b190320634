"""Print what a run has come to. See plugins/modules/report.py."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


def lines(url: str, host: str, pods: list[dict[str, str]], answers: list[dict[str, Any]]) -> list[str]:
    """The report, line by line: the URL, the Pods behind it, the answer of each endpoint."""
    text = ["", f"The API answers at {url}" + (f" (Host: {host})" if host else "")]
    text += [f"  Pod {pod['name']}  {pod['ready']}  on {pod['node']}" for pod in pods]
    width = max((len(answer["url"]) for answer in answers), default=0)
    text += [f"  {answer['url']:<{width}}  {answer['answer']}" for answer in answers]
    return [*text, ""]


class ActionModule(ActionBase):
    """Prints only."""

    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Print the report, and return it."""
        super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "url": {"type": "str", "required": True},
                "host": {"type": "str", "default": ""},
                "pods": {"type": "list", "elements": "dict", "default": []},
                "answers": {"type": "list", "elements": "dict", "required": True},
            }
        )
        report = lines(arguments["url"], arguments["host"], arguments["pods"], arguments["answers"])
        Display().display("\n".join(report))
        return {"changed": False, "report": report}
