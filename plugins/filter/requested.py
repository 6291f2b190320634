"""A URL as a request has it."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoints import quoted


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"requested": quoted}
