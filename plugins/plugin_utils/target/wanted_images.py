"""The images of a target that are built from this checkout: what its registry has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..build.images import as_published, look
from ..registry.client import RegistryError
from ..registry.image_reference import parse_reference, split_registry
from ..registry.session import CREDENTIALS_SPEC, open_registry
from ..release import saved_plan
from .stages import Stages
from .variables import Target

Object = dict[str, Any]


def look_for_images(target: Target, stages: Stages, wanted: list[Object], hold_to: str) -> list[Object]:
    """What the registry has, as `look` describes it, each with what it was `wanted` as.

    Raises RegistryError for a registry that does not let us, and for an image that nobody will build; PlanError where
    the sources are not those of the saved plan `hold_to`.
    """
    if not wanted:
        return []
    registry = str(target["registry"])
    asked = _credentials(target)
    # Before those of others, where the images come from that a build starts from.
    open_registry(split_registry(registry)[0], asked).ping()
    found = look([one | {"bases": {}} for one in wanted], registry, asked)
    if hold_to:
        path = Path(hold_to).expanduser()
        saved_plan.refuse(path, saved_plan.moved_sources(saved_plan.load(path), found))
    missing = [image for image in found if not image["present"]]
    if missing and stages.need_images:
        lacking = "; ".join(
            f"The image {image['name']} for the content of this checkout was never pushed to {registry} "
            f"(no {image['reference']})"
            for image in missing
        )
        raise RegistryError(f"{lacking}: run `ansible-playbook site.yml --tags build` first")
    # As they were asked for, with the bases that counted: whoever builds them starts from the same.
    return [image | {"wanted": {**one, "bases": image["bases"]}} for one, image in zip(wanted, found, strict=True)]


def described(images: list[Object], stages: Stages) -> Object:
    """The part of a plan that is about images."""
    publishes = stages.any_of("build", "push")
    missing = [image for image in images if publishes and not (image["present"] and image["alias_current"])]
    return {
        "images": images,
        # Deployed by digest; what is yet to be built goes by the tag of its content.
        "references": {image["name"]: image["pinned"] or image["reference"] for image in images},
        "to_publish": [image["wanted"] | {"reference": image["reference"]} for image in missing],
    }


def published_since(target: Target, stages: Stages, images: list[Object]) -> Object:
    """The same part, for images that this run has pushed meanwhile.

    They go by the tags that they were built with: sources may be edited while their images are rolled out.
    """
    if all(image["present"] for image in images):
        return described(images, stages)
    registry = open_registry(split_registry(str(target["registry"]))[0], _credentials(target))
    digests = [image["digest"] or registry.find(parse_reference(image["reference"])) for image in images]
    return described(
        [as_published(image, digest) if digest else image for image, digest in zip(images, digests, strict=True)],
        stages,
    )


def _credentials(target: Target) -> Object:
    return {
        "username": target["registry_username"],
        "password": target["registry_password"],
        "docker_config": target["docker_config"],
        "timeout": CREDENTIALS_SPEC["timeout"]["default"],
    }
