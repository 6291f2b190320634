"""Print what a run has come to. See plugins/modules/report.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.plain_action import PlainAction


def lines(
    url: str,
    host: str,
    pods: list[dict[str, str]],
    answers: list[dict[str, Any]],
    replicas: list[dict[str, str]],
    unasked: str,
) -> list[str]:
    """The report, line by line: the URL, the Pods behind it and how they answered, the answer of each endpoint."""
    text = ["", f"The API answers at {url}" + (f" (Host: {host})" if host else "")]
    asked = {item["pod"]: f"  {item['right']} of {item['asked']} answers right" for item in replicas}
    text += [f"  Pod {pod['name']}  {pod['ready']}  on {pod['node']}{asked.get(pod['name'], '')}" for pod in pods]
    text += [f"  The Pods were not asked one by one: {unasked}"] if unasked else []
    width = max((len(answer["url"]) for answer in answers), default=0)
    text += [f"  {answer['url']:<{width}}  {answer['answer']}" for answer in answers]
    return [*text, ""]


class ActionModule(PlainAction):
    """Prints only."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "url": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "pods": {"type": "list", "elements": "dict", "default": []},
        "answers": {"type": "list", "elements": "dict", "required": True},
        "replicas": {"type": "list", "elements": "dict", "default": []},
        "unasked": {"type": "str", "default": ""},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Print the report, and return it."""
        names = ("url", "host", "pods", "answers", "replicas", "unasked")
        report = lines(*(arguments[name] for name in names))
        Display().display("\n".join(report))
        return {"changed": False, "report": report}
