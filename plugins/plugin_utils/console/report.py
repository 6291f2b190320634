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
    text += [f"  The Pods were not checked one by one at {found['spared']}"] if found.get("spared") else []
    text += [f"  ! {line}" for line in found.get("warnings") or []]
    places = [_place(answer) for answer in found["answers"]]
    width = max(map(len, places), default=0)
    text += [f"  {place:<{width}}  {one['answer']}" for place, one in zip(places, found["answers"], strict=True)]
    return [*text, ""]


def _place(answer: dict[str, str]) -> str:
    """The URL, and before it the method where that is not GET."""
    method = answer.get("method", "GET")
    return answer["url"] if method == "GET" else f"{method} {answer['url']}"
