"""The images that build contexts stand for: the tags of their contents, and what a registry has of them."""

from __future__ import annotations

import functools
import json
import os
import secrets
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..registry.client import RegistryClient
from ..registry.image_reference import ImageReference, reference_below, split_registry
from ..registry.session import open_registry
from . import base_image, dockerfile
from .build_context import BuildContext, open_context
from .context_hash import context_tag

# What is to be known of an image: the options of an action that takes some.
IMAGE_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "tag": {"type": "str", "default": ""},
    "context": {"type": "str", "required": True},
    "dockerfile": {"type": "str", "default": "Dockerfile"},
    "build_args": {"type": "dict", "default": {}},
    "target": {"type": "str", "default": ""},
    "platforms": {"type": "list", "elements": "str", "default": []},
    "bases": {"type": "dict", "default": {}},
}
# What the kernel and Docker call the same processor.
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}


def own_platform() -> str:
    """This machine's, which is the engine's too unless the engine is elsewhere."""
    machine = os.uname().machine
    return f"linux/{_MACHINES.get(machine, machine)}"


class Registries:
    """A client for each registry that is asked."""

    def __init__(self, registry: str, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self.own = open_registry(split_registry(registry)[0], arguments)
        self._guard = threading.Lock()
        self._elsewhere: dict[str, RegistryClient] = {}

    def of(self, host: str) -> RegistryClient:
        """For another registry: with what `docker login` keeps, never with our registry's password."""
        if host == self.own.host:
            return self.own
        with self._guard:
            if host not in self._elsewhere:
                nobody = {"username": "", "password": "", "timeout": base_image.PATIENCE}
                self._elsewhere[host] = open_registry(host, {**self._arguments, **nobody})
            return self._elsewhere[host]


class Wanted:
    """An image that is to be built: what it is made of, and where it belongs."""

    def __init__(self, image: Mapping[str, Any], registry: str) -> None:
        self.image, self._registry = image, registry
        self.build_args = {str(name): str(value) for name, value in image["build_args"].items()}
        self.platforms: list[str] = image["platforms"] or [own_platform()]
        self.context: BuildContext = open_context(
            Path(image["context"]).expanduser(), image["dockerfile"] or "Dockerfile"
        )
        self._text = self.context.content(self.context.dockerfile).decode("utf-8", "replace")
        self.syntax = self._images(self.build_args)[0].syntax
        self.bases: dict[str, str] = {}

    def _images(self, build_args: Mapping[str, str]) -> list[dockerfile.Images]:
        target, own = self.image["target"] or "", own_platform()
        return [dockerfile.images_of(self._text, build_args, target, one, own) for one in self.platforms]

    def names(self, build_args: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The images that it starts from."""
        found = self._images(self.build_args if build_args is None else build_args)
        return tuple(dict.fromkeys(name for one in found for name in one.all))

    def reference(self, tag: str) -> ImageReference:
        """It in the registry, by this tag."""
        return reference_below(self._registry, self.image["name"], tag)

    def tag(self) -> str:
        """The tag of its content on these bases."""
        return context_tag(
            self.context,
            build_args=self.build_args,
            target=self.image["target"],
            platforms=self.platforms,
            bases=self.bases,
        )


def look(images: list[dict[str, Any]], registry: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All images: the tags of their contents, and what the registry has of them. Requests go side by side."""
    registries = Registries(registry, arguments)
    wanted = [Wanted(image, registry) for image in images]
    with ThreadPoolExecutor(8) as pool:
        asked = {
            name: pool.submit(base_image.ask, name, registries.of)
            for one in wanted
            for name in one.names()
            if one.image["bases"].get(name) != ""
        }
        aliases = [
            pool.submit(registries.own.find, one.reference(one.image["tag"])) if one.image["tag"] else None
            for one in wanted
        ]
        notes = [_settle(one, {name: future.result() for name, future in asked.items()}, registries) for one in wanted]
        tags = [one.tag() for one in wanted]
        digests = [pool.submit(registries.own.find, one.reference(tag)) for one, tag in zip(wanted, tags, strict=True)]
        return [
            _described(one, tag, digest.result(), alias.result() if alias else None) | {"base_notes": note}
            for one, tag, digest, alias, note in zip(wanted, tags, digests, aliases, notes, strict=True)
        ]


def as_published(image: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """An image, as `look` describes it, that the registry has by now."""
    return {**image, "present": True, "digest": digest, "pinned": f"{image['repository']}@{digest}"}


def _settle(one: Wanted, asked: Mapping[str, base_image.Base], registries: Registries) -> list[str]:
    """Decide what it starts from; return what users should know of that."""

    @functools.cache
    def before() -> dict[str, str]:
        tag = one.image["tag"]
        return base_image.remembered(registries.own, one.reference(tag)) if tag else {}

    # What counted by its name earlier in this run was not asked for: it goes on doing so.
    found = [asked.get(name, base_image.Base(name)) for name in one.names()]
    settled = [base_image.settle(base, one.image["bases"], before, base.name == one.syntax) for base in found]
    one.bases = {base.name: base.digest for base in settled}
    return [base.note for base in settled if base.note]


def _described(one: Wanted, tag: str, digest: str | None, alias: str | None) -> dict[str, Any]:
    found = one.reference(tag)
    repository = f"{found.host}/{found.repository}"
    pins = base_image.pins(one.names, one.build_args, one.bases)
    return {
        "name": one.image["name"],
        "repository": repository,
        "tag": tag,
        "reference": str(found),
        # For a builder that pushes by itself, before anybody knows whether the sources have moved meanwhile.
        "unchecked": f"{repository}:unchecked-{secrets.token_hex(10)}",
        "present": digest is not None,
        "digest": digest,
        "pinned": f"{repository}@{digest}" if digest else None,
        "alias_current": not one.image["tag"] or (digest is not None and alias == digest),
        "bases": one.bases,
        "labels": {base_image.LABEL: json.dumps(one.bases, sort_keys=True)} if one.bases else {},
        "pins": pins,
        "pulls": base_image.pulls(one.bases, pins),
    }
