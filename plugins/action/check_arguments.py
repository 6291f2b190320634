"""Refuse variables that carry a role's prefix but are no argument of it. See plugins/modules/check_arguments.py."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.role_arguments import describe_unknown, unknown_names


class ActionModule(ActionBase):
    """Compare the names of the variables at hand with the role's argument_specs."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Fail in one line when there are unknown names. Only names are looked at: no value is templated."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={"provides": {"type": "list", "elements": "str", "default": []}}
        )
        variables = task_vars or {}
        role = Path(str(variables["role_path"]))
        specs = self._loader.load_from_file(str(role / "meta" / "argument_specs.yml"))
        known = set(specs["argument_specs"]["main"].get("options") or {})
        unknown = unknown_names(f"{role.name}_", variables, known | set(args["provides"]))
        if unknown:
            result.update(failed=True, msg=describe_unknown(role.name, unknown, known))
        return result
