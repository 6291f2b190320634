"""Compile programs of the platform from Go modules of this repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.platform.programs import Part, Workshop


class ActionModule(PlainAction):
    """Runs on the controller, as the user who called Ansible: what it makes is that user's."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "cache_dir": {"type": "path", "required": True},
        "archive": {"type": "str", "default": ""},
        "toolchain": {"type": "path", "required": True},
        "parts": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "folder": {"type": "path", "required": True},
                "links": {"type": "dict", "default": {}},
                "files": {"type": "dict", "default": {}},
                "ldflags": {"type": "str", "default": ""},
            },
        },
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return C(compiled), the names of what was missing."""
        parts = [Part(**{**part, "folder": Path(part["folder"])}) for part in arguments["parts"]]
        archive = Path(arguments["archive"]).expanduser() if arguments["archive"] else None
        workshop = Workshop(Path(arguments["cache_dir"]), Path(arguments["toolchain"]), Display().display, archive)
        missing = [part.name for part in workshop.missing(parts)]
        if not self._task.check_mode:
            workshop.compile(parts)
        return {"changed": bool(missing), "compiled": missing}
