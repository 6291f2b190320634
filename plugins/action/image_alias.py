"""Give an image in a registry a second tag. See plugins/modules/image_alias.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry.client import RegistryError
from ..plugin_utils.registry.image_reference import parse_reference
from ..plugin_utils.registry.session import CREDENTIALS_SPEC, open_registry


class ActionModule(PlainAction):
    """Store the manifest once more under another name: needs no engine and moves no layer."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CREDENTIALS_SPEC
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "image": {"type": "str", "required": True},
        "alias": {"type": "str", "required": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return whether the tag was moved."""
        image = parse_reference(arguments["image"])
        alias = parse_reference(f"{image.name}:{arguments['alias']}")
        client = open_registry(image.host, arguments)
        before = client.digest(alias)
        manifest = client.manifest(image)
        if manifest is None:
            if self._task.check_mode:
                return {"changed": True, "reference": str(alias), "digest": None}
            raise RegistryError(f"The registry {image.host} does not have {image}: push it first")
        changed = before != manifest.digest
        if changed and not self._task.check_mode:
            client.put_manifest(alias, manifest)
        return {"changed": changed, "reference": str(alias), "digest": manifest.digest}
