"""Ask a registry for the images that build contexts stand for. See plugins/modules/image_state.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..module_utils import saved_plan
from ..module_utils.base_image import base_digest
from ..module_utils.context_hash import BadContext, context_tag
from ..module_utils.image_reference import BadReference, reference_below, split_registry
from ..module_utils.registry_client import RegistryClient, RegistryError
from ..module_utils.registry_credentials import CredentialsError
from ..module_utils.registry_session import CREDENTIALS_SPEC, open_registry
from ..plugin_utils.plain_action import PlainAction

# What the kernel and Docker call the same processor.
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}


class ActionModule(PlainAction):
    """Hash the build contexts and look for their tags in the registry: some milliseconds, nothing is changed."""

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (
        BadContext,
        BadReference,
        RegistryError,
        CredentialsError,
        saved_plan.PlanError,
    )
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
            },
        },
        "required": {"type": "bool", "default": False},
        "hold_to": {"type": "str", "default": ""},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Every image's names, and whether the registry has it."""
        if not arguments["images"]:
            return {"images": [], "references": {}, "behind": []}
        client = open_registry(split_registry(arguments["registry"])[0], arguments)
        images = [look(client, arguments["registry"], image, arguments) for image in arguments["images"]]
        if arguments["hold_to"]:
            path = Path(arguments["hold_to"]).expanduser()
            saved_plan.refuse(path, saved_plan.moved_sources(saved_plan.load(path), images))
        missing = [image for image in images if not image["present"]]
        if missing and arguments["required"] and not self._task.check_mode:
            raise RegistryError(
                "; ".join(
                    f"The image {image['name']} for the content of this checkout was never pushed to "
                    f"{arguments['registry']} (no {image['reference']})"
                    for image in missing
                )
                + ": run `ansible-playbook site.yml --tags build` first"
            )
        return {
            # What builds follows as tasks of its own; in check mode this is the change.
            "changed": bool(missing) and self._task.check_mode and not arguments["required"],
            "warnings": sorted({image["base_note"] for image in images if image["base_note"]}),
            "images": images,
            "references": {image["name"]: image["pinned"] or image["reference"] for image in images},
            "behind": [
                asked
                for asked, image in zip(arguments["images"], images, strict=True)
                if not (image["present"] and image["alias_current"])
            ],
        }


def own_platform() -> str:
    """This machine's, which is the engine's too unless the engine is elsewhere."""
    machine = os.uname().machine
    return f"linux/{_MACHINES.get(machine, machine)}"


def look(
    client: RegistryClient, registry: str, image: Mapping[str, Any], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """One image: the tag of its content, and what the registry has of it."""
    build_args = {str(name): str(value) for name, value in image["build_args"].items()}
    base = base_digest(client, build_args, arguments)
    tag = context_tag(
        Path(image["context"]).expanduser(),
        dockerfile=image["dockerfile"] or "Dockerfile",
        build_args=build_args,
        target=image["target"],
        platforms=image["platforms"] or [own_platform()],
        bases={"BASE_IMAGE": base.digest or ""},
    )
    found = reference_below(registry, image["name"], tag)
    repository = f"{found.host}/{found.repository}"
    digest = client.digest(found)
    alias = client.digest(reference_below(registry, image["name"], image["tag"])) if digest and image["tag"] else None
    return {
        "name": image["name"],
        "repository": repository,
        "tag": tag,
        "reference": str(found),
        "present": digest is not None,
        "digest": digest,
        "pinned": f"{repository}@{digest}" if digest else None,
        "alias_current": not image["tag"] or (digest is not None and alias == digest),
        "base_digest": base.digest,
        "base_note": base.note,
    }
