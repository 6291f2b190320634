"""Refuse variables that carry a role's prefix but are no argument of it. See plugins/modules/check_arguments.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.target.role_arguments import WrongArguments, wrong_names


class ActionModule(PlainAction):
    """Compare the names of the variables at hand with the argument_specs of this role."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"provides": {"type": "list", "elements": "str", "default": []}}

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fail in one line when there are unknown names. Only names are looked at: no value is templated."""
        if found := wrong_names(Path(str(self.variables["role_path"])), self.variables, arguments["provides"]):
            raise WrongArguments("; ".join(found))
        return {}
