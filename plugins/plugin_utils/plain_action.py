"""What the actions that run on the controller have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from .errors import UserError
from .exit_with_parent import exit_with_parent


class PlainAction(ActionBase):
    """Check the arguments, do the work; every known error is one line for a person."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False
    # What an action takes, beside what its family takes.
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}
    SHARED: ClassVar[dict[str, dict[str, Any]]] = {}
    # The variables of the task, not templated.
    variables: dict[str, Any]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What Ansible calls."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        _, arguments = self.validate_argument_spec(argument_spec=self.SHARED | self.ARGUMENTS)
        try:
            with exit_with_parent():
                result.update(self.perform(arguments))
        except UserError as error:
            # What a program wants to know of it, such as the cause of a failed rollout.
            result.update(getattr(error, "details", {}), failed=True, msg=str(error))
        return result

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The action's own part: its result, or a UserError."""
        raise NotImplementedError
