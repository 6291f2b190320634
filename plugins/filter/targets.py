"""The hosts pattern of a play; an error where the inventory has no hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible import context
from ansible.errors import AnsibleError

NOBODY = "all:!all"


def targets(groups: Mapping[str, Sequence[str]], group: str = "all") -> str:
    """The group as a pattern; one that matches nobody where the inventory does not have the group."""
    if not groups.get("all"):
        sources = ", ".join(context.CLIARGS.get("inventory") or []) or "the inventory"
        raise AnsibleError(f"There is nothing to do: {sources} has no hosts. Name an inventory that has (-i).")
    return group if group in groups else NOBODY


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"targets": targets}
