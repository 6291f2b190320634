"""Test: whether a result of ansible.builtin.uri is the answer that an endpoint is expected to give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoints import (
    Answer,
    matches,
)


def answered(result: Mapping[str, Any], endpoint: Mapping[str, Any]) -> bool:
    """Compare status and body."""
    return matches(Answer(int(result.get("status", 0)), str(result.get("content", ""))), endpoint)


class TestModule:
    """What Ansible loads."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """The tests of this file."""
        return {"answered": answered}
