"""Render manifest templates into a folder: private, atomic, and only what is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.target.rendering import Folder, render


class ActionModule(PlainAction):
    """The action `render_manifests`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "templates": {"type": "list", "elements": "path", "required": True},
        "dest": {"type": "path", "required": True},
        "mode": {"type": "str", "default": "0640"},
        "sensitive": {"type": "bool", "default": False},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Render all templates first, then write those that differ."""
        texts = render(self._templar, self.variables, [Path(template) for template in arguments["templates"]])
        # Of the result alone: why something cannot be written holds no secret, and is to be read.
        hidden = {"_ansible_no_log": arguments["sensitive"]}
        if not arguments["dest"]:
            return hidden | {"changed": False, "files": [], "manifests": list(texts.values())}
        folder = Folder(Path(arguments["dest"]))
        differing = folder.differing(texts, int(arguments["mode"], 8))
        if not self._task.check_mode:
            folder.write(differing)
        return hidden | {
            "changed": bool(differing),
            "files": [str(folder.path / name) for name in texts],
            "manifests": list(texts.values()),
            "diff": [] if arguments["sensitive"] else [one.shown() for one in differing],
        }
