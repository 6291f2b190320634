"""Look for the images that build contexts stand for in a registry. See plugins/modules/image_state.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.build.images import look
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry.session import CREDENTIALS_SPEC


class ActionModule(PlainAction):
    """Hash the build contexts and look for their tags in the registry: some milliseconds, nothing is changed."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CREDENTIALS_SPEC
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "registry": {"type": "str", "required": True},
        "images": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "tag": {"type": "str", "default": ""},
                "context": {"type": "str", "required": True},
                "dockerfile": {"type": "str", "default": "Dockerfile"},
                "build_args": {"type": "dict", "default": {}},
                "target": {"type": "str", "default": ""},
                "platforms": {"type": "list", "elements": "str", "default": []},
                "bases": {"type": "dict", "default": {}},
            },
        },
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Every image's names, and whether the registry has it."""
        images = look(arguments["images"], arguments["registry"], arguments)
        return {"warnings": sorted({note for image in images for note in image["base_notes"]}), "images": images}
