"""What a run has come to, in lines for people."""

from __future__ import annotations

from typing import Any


def lines(url: str, host: str, found: dict[str, Any]) -> list[str]:
    """The URL, the Pods behind it and how they answered, the answer of each endpoint."""
    text = ["", f"The API responds at {url}" + (f" (Host: {host})" if host else "")]
    asked = {item["pod"]: f"  {item['right']} of {item['asked']} responses right" for item in found["replicas"]}
    text += [
        f"  Pod {pod['name']}  {pod['ready']}  on {pod['node']}{asked.get(pod['name'], '')}" for pod in found["pods"]
    ]
    text += [f"  The Pods were not checked one by one: {found['unasked']}"] if found["unasked"] else []
    width = max((len(answer["url"]) for answer in found["answers"]), default=0)
    text += [f"  {answer['url']:<{width}}  {answer['answer']}" for answer in found["answers"]]
    return [*text, ""]
