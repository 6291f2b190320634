"""Test: whether endpoints are requested by nothing but a GET."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.request import is_plain


def plain(endpoints: Iterable[Mapping[str, Any]]) -> bool:
    """Whether all of them are."""
    return all(map(is_plain, endpoints))


class TestModule:
    """What Ansible loads."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """The tests of this file."""
        return {"plain": plain}
