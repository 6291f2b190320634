"""Attach a bill of materials to an image in a registry. See plugins/modules/image_sbom.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.build.image_sbom import NoSbom, attach
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry.client import RegistryError
from ..plugin_utils.registry.image_reference import parse_reference
from ..plugin_utils.registry.session import CREDENTIALS_SPEC, opened
from ..plugin_utils.registry.store import RegistryStore


class ActionModule(PlainAction):
    """Read the layers that the registry has, and store what they hold beside them."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CREDENTIALS_SPEC
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"image": {"type": "str", "required": True}}

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return what was attached. An image without its bill runs as well, so what goes wrong is a warning."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        image = parse_reference(arguments["image"])
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "fastapi-mysql-k8s", "layers")
        try:
            made = attach(opened(RegistryStore, image.host, arguments), image, cache)
        except (NoSbom, RegistryError) as error:
            return {"changed": False, "warnings": [f"{image} has no bill of materials (SBOM): {error}"], "sboms": []}
        nothing = f"No package was found in {image}: its bill of materials is empty"
        return {
            "changed": bool(made),
            "warnings": [nothing] if any(not packages for _, packages in made) else [],
            "sboms": [{"digest": digest, "packages": packages} for digest, packages in made],
        }
