"""The hosts pattern of a play; an error where the inventory has no hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible import constants, context
from ansible.errors import AnsibleError

NOBODY = "all:!all"
# It names the inventory that counts without -i.
UNREAD = (
    " No ansible.cfg was read: Ansible looks for it in the working directory, unless others may write to that;"
    " run this in the folder of your repository, or set ANSIBLE_CONFIG to its ansible.cfg."
)


def targets(groups: Mapping[str, Sequence[str]], group: str = "all") -> str:
    """The group as a pattern; one that matches nobody where the inventory does not have the group."""
    if not groups.get("all"):
        sources = ", ".join(context.CLIARGS.get("inventory") or []) or "the inventory"
        unread = "" if vars(constants).get("CONFIG_FILE") else UNREAD
        raise AnsibleError(f"There is nothing to do: {sources} has no hosts. Name an inventory that has (-i).{unread}")
    return group if group in groups else NOBODY


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by name."""
        return {"targets": targets}
