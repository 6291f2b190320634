"""Endpoints that were kept without what they send, with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.utils.display import Display
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.withheld import completed


def complete(kept: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The kept endpoints with the headers and bodies of the inventory's; what it lacks is left out, with a warning."""
    found, lost = completed(kept, own)
    if lost:
        Display().warning(
            f"Not verified, for verify_endpoints has no more what is sent there: {', '.join(lost)}. Headers and bodies "
            "are kept in no cluster."
        )
    return found


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """The filters by name."""
        return {"completed": complete}
