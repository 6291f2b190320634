"""Check a target's variables. See plugins/modules/check_target.py."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.target_rules import find_problems


class ActionModule(ActionBase):
    """Name everything that is wrong with a target, before anything is changed."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Fail with one line for each problem."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={"target": {"type": "dict", "required": True, "no_log": True}}
        )
        problems = find_problems({name.removeprefix("app_"): value for name, value in args["target"].items()})
        if problems:
            result.update(failed=True, msg="\n".join(problems))
        return result
