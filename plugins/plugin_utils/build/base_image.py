"""The images that a build starts from: their digests, as the registries that hold them know them.

What a registry does not say changes no tag: the digest that counted before goes on counting. Within a run it is handed
on; from run to run it is in a label of the image that was built, in the registry that has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UserError
from ..registry.client import Busy, RegistryClient, RegistryError, Unreachable
from ..registry.credentials import CredentialsError
from ..registry.image_reference import BadReference, ImageReference, is_loopback, parse_reference

ARGUMENT = "BASE_IMAGE"
LABEL = "fastapi-mysql-k8s.bases"
# A base image from elsewhere is one question more: a registry that is slow to answer must not hold up every run.
PATIENCE = 5


class UnknownBase(UserError):
    """Nobody can say now what the build starts from; the message says why, and what to do."""


@dataclass(frozen=True)
class Base:
    """One of them. Without a digest it counts by its name."""

    name: str
    digest: str = ""
    refusal: str = ""
    """Why its registry has none: an answer that another try would give again."""
    silence: str = ""
    """Why its registry did not answer."""
    note: str = ""
    """What users should know of how it counts."""


def ask(name: str, client_of: Callable[[str], RegistryClient]) -> Base:
    """Request the digest of one image; of one that is named by digest, the name says it."""
    try:
        image = parse_reference(name)
        if image.digest:
            return Base(name, image.digest)
        digest = client_of(image.host).digest(image)
    except BadReference:
        # The build will say what is wrong with it, in its own place.
        return Base(name)
    except (Unreachable, Busy) as error:
        return Base(name, silence=str(error))
    except (RegistryError, CredentialsError) as error:
        return Base(name, refusal=str(error))
    return Base(name, digest or "", refusal="" if digest else "its registry does not have it")


def settle(
    base: Base, in_this_run: Mapping[str, str], before: Callable[[], Mapping[str, str]], is_syntax: bool
) -> Base:
    """What counts: what the registry says, else what counted earlier in this run, else what counted before.

    Raises UnknownBase where a registry did not answer and nothing counted before: a tag that is made of less than
    the others would stand for another image.
    """
    why = base.refusal or base.silence
    if not why:
        return base
    for known in (in_this_run, before()):
        if base.name in known:
            note = f"the digest of {base.name} counts as it was known before: {why}"
            return replace(base, digest=known[base.name], note=note)
    if base.refusal:
        return replace(base, note=f"the base image {base.name} counts by its name: {why}")
    if is_syntax:
        raise UnknownBase(
            f"The Dockerfile names the frontend {base.name} (# syntax=), which cannot be reached: {why}. Remove "
            "that line if the builder's own frontend does, name a copy in a registry that can be reached, or try again"
        )
    raise UnknownBase(
        f"Which image {base.name} is, as the build starts from it, cannot be found out, and no earlier build has "
        f"recorded it: {why}. Run again when its registry responds, or name the image by its digest (NAME@sha256:...)"
    )


def remembered(client: RegistryClient, image: ImageReference) -> dict[str, str]:
    """What an image that was built before says of its bases; nothing where that cannot be read."""
    try:
        document = _document(client, image)
        if named := document.get("manifests"):
            own = [one for one in named if (one.get("platform") or {}).get("os") != "unknown"]
            document = _document(client, replace(image, tag=None, digest=own[0]["digest"]))
        config = json.loads(client.blob(image, document["config"]["digest"]))
        labels = json.loads(config["config"]["Labels"][LABEL])
        return {str(name): str(digest) for name, digest in labels.items()}
    except (RegistryError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _document(client: RegistryClient, image: ImageReference) -> dict[str, Any]:
    found = client.manifest(image)
    document: dict[str, Any] = json.loads(found.body) if found else {}
    return document


def is_here(name: str) -> bool:
    """Whether the image is in a registry on this machine, which BuildKit reaches without TLS and login only."""
    try:
        return is_loopback(parse_reference(name).host)
    except BadReference:
        return False


def pins(
    names_with: Callable[[Mapping[str, str]], tuple[str, ...]], build_args: Mapping[str, str], bases: Mapping[str, str]
) -> dict[str, str]:
    """BASE_IMAGE by digest, where that changes the name of the base image and nothing else."""
    name = build_args.get(ARGUMENT, "")
    digest = bases.get(name)
    if not digest or "@" in name or is_here(name):
        return {}
    pinned = {ARGUMENT: f"{name}@{digest}"}
    expected = tuple(pinned[ARGUMENT] if one == name else one for one in bases)
    return pinned if names_with({**build_args, **pinned}) == expected else {}


def pulls(bases: Mapping[str, str], pinned: Mapping[str, str]) -> dict[str, str]:
    """What the engine is to have before the build, name to digest: it would take an older one that it has.

    Not what the build asks for by digest anyway, unless only the engine gets it.
    """
    by_digest = {name.partition("@")[0] for name in pinned.values()}
    return {
        name: digest
        for name, digest in bases.items()
        if digest and (is_here(name) or ("@" not in name and name not in by_digest))
    }
