"""The base image of a build, as the registry that holds it knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .image_reference import BadReference, ImageReference, parse_reference
from .registry_client import RegistryClient, RegistryError
from .registry_credentials import CredentialsError
from .registry_session import open_registry

ARGUMENT = "BASE_IMAGE"
# A base image from elsewhere is one question more: a registry that is slow to answer must not hold up every run.
_PATIENCE = 5


@dataclass(frozen=True)
class Base:
    """The digest, where it could be learnt, else why not."""

    digest: str | None = None
    note: str = ""


def base_digest(client: RegistryClient, build_args: Mapping[str, str], arguments: Mapping[str, Any]) -> Base:
    """Ask for the digest of the base image that the build argument BASE_IMAGE names.

    One that is named by digest is not asked for: its name says it. One whose registry cannot be asked counts by its
    name alone, so that a build without a network gives the same tag as long as the name is the same.
    """
    name = build_args.get(ARGUMENT)
    if not name:
        return Base()
    try:
        image = parse_reference(name)
    except BadReference:
        # The build will say what is wrong with it, in its own place.
        return Base()
    if image.digest:
        return Base(image.digest)
    try:
        asked = client if image.host == client.host else _elsewhere(image, arguments)
        digest = asked.digest(image)
    except (RegistryError, CredentialsError) as error:
        return Base(None, f"the base image {name} counts by its name: {error}")
    return Base(digest, "" if digest else f"the base image {name} counts by its name: its registry does not have it")


def _elsewhere(image: ImageReference, arguments: Mapping[str, Any]) -> RegistryClient:
    """A client for another registry: with what `docker login` keeps, never with our registry's password."""
    return open_registry(
        image.host, {"username": "", "password": "", "docker_config": arguments["docker_config"], "timeout": _PATIENCE}
    )
