"""Move a tag in a registry: needs no engine, and moves no layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .client import RegistryError
from .image_reference import parse_reference
from .session import open_registry


def move_tag(image: str, tag: str, access: Mapping[str, Any]) -> bool:
    """Let `tag` of the same repository name what `image` (a reference) names; whether it named something else.

    `access` has what `CREDENTIALS_SPEC` says. Raises RegistryError, for an image that is not there, too.
    """
    source = parse_reference(image)
    target = parse_reference(f"{source.name}:{tag}")
    client = open_registry(source.host, access)
    before, manifest = client.digest(target), client.manifest(source)
    if manifest is None:
        raise RegistryError(f"The registry {source.host} does not have {source}: push it first")
    if before == manifest.digest:
        return False
    client.put_manifest(target, manifest)
    return True
