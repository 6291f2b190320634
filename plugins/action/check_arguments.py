"""Refuse variables that carry a role's prefix but are no argument of it. See plugins/modules/check_arguments.py."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.role_arguments import describe_unknown, unknown_names


class ActionModule(ActionBase):
    """Compare the names of the variables at hand with the argument_specs of this role and of others."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Fail in one line when there are unknown names. Only names are looked at: no value is templated."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={
                "provides": {"type": "list", "elements": "str", "default": []},
                "others": {"type": "dict", "default": {}},
            }
        )
        variables = task_vars or {}
        own = Path(str(variables["role_path"]))
        roles = {own: args["provides"]} | {own.parent / name: facts or [] for name, facts in args["others"].items()}
        found: list[str] = []
        for role, provided in roles.items():
            known = self._known(role)
            unknown = unknown_names(f"{role.name}_", variables, known | set(provided))
            if unknown:
                found.append(describe_unknown(role.name, unknown, known))
        if found:
            result.update(failed=True, msg="; ".join(found))
        return result

    def _known(self, role: Path) -> set[str]:
        specs = self._loader.load_from_file(str(role / "meta" / "argument_specs.yml"))
        return set(specs["argument_specs"]["main"].get("options") or {})
