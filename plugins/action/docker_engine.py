"""Check that a Docker engine answers. See plugins/modules/docker_engine.py."""

from __future__ import annotations

import os
import shutil

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.docker_engine import NoEngine, check_engine


class ActionModule(ActionBase):
    """Ping the engine that a build or push is about to use."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Fail in one line when no engine answers."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={
                "docker_host": {"type": "str", "default": ""},
                "docker_cli": {"type": "str", "default": ""},
                "timeout": {"type": "int", "default": 10},
            }
        )
        cli = args["docker_cli"]
        if cli and not shutil.which(cli):
            result.update(
                failed=True, msg=f"There is no Docker CLI '{cli}': install one with buildx or set app_docker_cli"
            )
            return result
        try:
            result["docker_host"] = check_engine(args["docker_host"], os.environ, args["timeout"])
        except NoEngine as error:
            result.update(failed=True, msg=str(error))
        return result
