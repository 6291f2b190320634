"""Attach bills of materials to images in a registry, and move their tags. See plugins/modules/tag_images.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..plugin_utils.build.image_sbom import NoSbom, attach
from ..plugin_utils.files import cache_folder
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry.client import RegistryError
from ..plugin_utils.registry.image_reference import parse_reference
from ..plugin_utils.registry.session import CREDENTIALS_SPEC, opened
from ..plugin_utils.registry.store import RegistryStore
from ..plugin_utils.registry.tag import move_tag
from ..plugin_utils.side_by_side import side_by_side

Object = dict[str, Any]


class ActionModule(PlainAction):
    """The action `tag_images`."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CREDENTIALS_SPEC
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "images": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {"reference": {"type": "str", "required": True}, "tag": {"type": "str", "default": ""}},
        },
        "sbom": {"type": "bool", "default": True},
        "must_move": {"type": "bool", "default": True},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """First the bill of materials: a run that ends between the two is made up for by the next one."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        done = side_by_side(lambda image: tagged(image, arguments), arguments["images"])
        return {
            "changed": any(one["changed"] for one in done),
            "warnings": [warning for one in done for warning in one["warnings"]],
            "images": [{name: one[name] for name in ("reference", "moved", "sboms")} for one in done],
        }


def tagged(image: Object, arguments: Mapping[str, Any]) -> Object:
    """One image: what was attached, whether its tag was moved, and what went wrong without harm."""
    sboms, warnings = attached(image["reference"], arguments) if arguments["sbom"] else ([], [])
    moved = False
    try:
        moved = bool(image["tag"]) and move_tag(image["reference"], image["tag"], arguments)
    except RegistryError as error:
        if arguments["must_move"]:
            raise
        warnings.append(f"The tag {image['tag']} of {image['reference']} is not moved, the next run does it: {error}")
    return {
        "reference": image["reference"],
        "changed": moved or bool(sboms),
        "moved": moved,
        "sboms": sboms,
        "warnings": warnings,
    }


def attached(reference: str, arguments: Mapping[str, Any]) -> tuple[list[Object], list[str]]:
    """The bills of materials that were made, and warnings: an image without its bill runs as well."""
    image = parse_reference(reference)
    try:
        made = attach(opened(RegistryStore, image.host, arguments), image, cache_folder() / "layers")
    except (NoSbom, RegistryError) as error:
        return [], [f"{image} has no bill of materials (SBOM): {error}"]
    nothing = f"No package was found in {image}: its bill of materials is empty"
    warnings = [nothing] if any(not packages for _, packages in made) else []
    return [{"digest": digest, "packages": packages} for digest, packages in made], warnings
