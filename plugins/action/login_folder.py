"""Make a folder for a login that ends with the run. See plugins/modules/login_folder.py."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.errors import UserError
from ..plugin_utils.exit_with_parent import parent
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry import login_folder
from ..plugin_utils.registry.image_reference import BadReference, parse_reference, split_registry
from ..plugin_utils.run_folder import run_folder


class ActionModule(PlainAction):
    """The action `login_folder`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "docker_config": {"type": "path", "required": True},
        "registry": {"type": "str", "default": ""},
        "images": {"type": "list", "elements": "str", "default": []},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Beside Ansible's own folder for such things, which is the caller's own; nothing in check mode."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        above = run_folder().parent / "fastapi-mysql-k8s-logins"
        # Tasks run in a process of their own each; the run is their parent.
        target = split_registry(arguments["registry"])[0] if arguments["registry"] else ""
        others = []
        for name in arguments["images"]:
            # The build says what is not an image name.
            with contextlib.suppress(BadReference):
                others.append(parse_reference(name).host)
        try:
            folder = login_folder.make(above, parent(), Path(arguments["docker_config"]), target, others)
        except OSError as error:
            raise UserError(f"The folder of the builds' logins cannot be made: {error}") from error
        return {"changed": False, "path": str(folder)}
