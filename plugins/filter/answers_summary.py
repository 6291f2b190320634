"""Filter: the results of asking endpoints, as a short list for printing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.endpoints import Answer


def answers_summary(results: list[Mapping[str, Any]], base_url: str) -> list[dict[str, str]]:
    """Name, URL and answer of each endpoint that was asked."""
    return [
        {
            "name": str(result["item"].get("name", "")),
            "url": base_url + str(result["item"]["path"]),
            "answer": Answer(int(result["status"]), str(result.get("content", ""))).shown(),
        }
        for result in results
        if "status" in result
    ]


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, str]]]]:
        """The filters of this file."""
        return {"answers_summary": answers_summary}
