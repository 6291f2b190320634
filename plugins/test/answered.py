"""Test: whether a result of ansible.builtin.uri is the answer that an endpoint is expected to give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoints import matches
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.uri_answer import answer_of


def answered(result: Mapping[str, Any], endpoint: Mapping[str, Any]) -> bool:
    """Compare status, headers and body."""
    return matches(answer_of(result), endpoint)


class TestModule:
    """What Ansible loads."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """The tests of this file."""
        return {"answered": answered}
