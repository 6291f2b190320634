"""The key under which a file is kept."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.credentials import file_key


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"file_key": file_key}
