"""What ansible.builtin.uri has returned, as an answer like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answer import Answer, shortened


def answer_of(result: Mapping[str, Any]) -> Answer:
    """Status, headers, cookies and body. The module writes a header's name in lower case, with underscores."""
    headers = {name.replace("_", "-"): value for name, value in result.items() if isinstance(value, str)}
    if cookies := result.get("cookies"):
        headers["set-cookie"] = "\n".join(f"{name}={value}" for name, value in cookies.items())
    status = int(result.get("status", 0))
    if status <= 0 and (why := result.get("msg") or result.get("module_stderr")):
        return Answer(error=f"no response ({shortened(str(why), 300)})")
    return Answer(status, str(result.get("content", "")), headers=headers)
