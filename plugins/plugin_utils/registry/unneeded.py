"""Which images of a repository nobody needs any more, and what goes with them.

An image is a digest. One that anybody names, or that a tag names which is not made of content, is needed; so are the
images that its index lists, and the index that lists it. What is attached to an image goes with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from .client import RegistryError
from .image_reference import BadReference, ImageReference, parse_reference
from .store import RegistryStore

CREATED = "org.opencontainers.image.created"
# Tags that are made of an image's content, and those of images whose sources were never checked.
OF_CONTENT = ("content-", "unchecked-")
# Where a registry keeps no list of attachments, tags that begin with the digest of the image do.
ATTACHED = "sha256-"
# What was built at the same time whenever it was built: the first day of a zip file's years.
TIMELESS = datetime(1980, 1, 2, tzinfo=UTC)
# What is attached to what is attached: a signature of a bill of materials.
DEEP = 3


@dataclass(frozen=True)
class Kept:
    """What is kept: of so many days at least, and so many in any case."""

    days: int
    newest: int


@dataclass
class Image:
    """An image by its digest, with the tags of content that name it."""

    digest: str
    tags: list[str]
    created: datetime | None = None
    # The images that an index lists.
    parts: list[str] = field(default_factory=list)


@dataclass
class Repository:
    """What a repository holds: every tag with what it names, and the images that are tagged by their content."""

    client: RegistryStore
    place: ImageReference
    tags: dict[str, str] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    # By the digest of an index.
    parts: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, client: RegistryStore, place: ImageReference) -> Repository:
        """Ask for all tags, and for what those of content name. Raises RegistryError."""
        found = cls(client, place)
        by_digest: dict[str, Image] = {}
        for tag in client.tags(place):
            manifest = client.manifest(replace(place, tag=tag, digest=None))
            if manifest is None:
                # Removed since the list was made.
                continue
            found.tags[tag] = manifest.digest
            if listed := _parts(manifest.body):
                found.parts[manifest.digest] = listed
            if tag.startswith(OF_CONTENT):
                image = by_digest.setdefault(manifest.digest, Image(manifest.digest, [], parts=listed))
                image.tags.append(tag)
        for image in by_digest.values():
            image.created = found._created(image)
        found.images = sorted(by_digest.values(), key=lambda one: (one.created or TIMELESS, one.tags), reverse=True)
        return found

    def unneeded(self, used: Iterable[str], kept: Kept, now: datetime) -> list[Image]:
        """The images that nobody needs and that are old enough, the oldest last. `used`: references, as written."""
        needed = self._needed(used)
        oldest = now - timedelta(days=kept.days)
        going = [
            image
            for number, image in enumerate(self.images)
            if number >= kept.newest
            and not needed & {image.digest, *image.parts}
            and (kept.days == 0 or (image.created is not None and image.created <= oldest))
        ]
        listed = self._listed(without={image.digest for image in going})
        return [image for image in going if image.digest not in listed]

    def with_attachments(self, image: Image, going: list[Image]) -> list[str]:
        """The digests to remove for an image, in this order: attachments, the image, the images that it lists.

        Never one that a tag names which stays, nor one that an index lists which stays.
        """
        gone = {one.digest for one in going}
        parts = [one for one in image.parts if one not in self._listed(without=gone)]
        attached = [one for owner in (image.digest, *parts) for one in self._attached(owner)]
        tags = {tag for tag, digest in self.tags.items() if digest in gone and tag.startswith(OF_CONTENT)}
        owners = [image.digest, *parts]
        tags |= {tag for tag in self.tags for owner in owners if tag.startswith(owner.replace(":", "-"))}
        staying = {digest for tag, digest in self.tags.items() if tag not in tags} | self._listed(without=gone)
        return [one for one in dict.fromkeys([*attached, image.digest, *parts]) if one not in staying]

    def _needed(self, used: Iterable[str]) -> set[str]:
        found = {digest for tag, digest in self.tags.items() if not tag.startswith((*OF_CONTENT, ATTACHED))}
        for text in used:
            try:
                reference = parse_reference(text)
            except BadReference:
                continue
            if reference.digest:
                # Whatever the registry is called from there.
                found.add(reference.digest)
            elif reference.repository == self.place.repository:
                found.add(self.tags.get(reference.manifest, ""))
        return found | {part for digest in found for part in self.parts.get(digest, [])}

    def _listed(self, without: set[str]) -> set[str]:
        """What the indexes list that stay."""
        return {
            part
            for digest, parts in self.parts.items()
            if digest not in without and not self._is_list_of_attachments(digest)
            for part in parts
        }

    def _is_list_of_attachments(self, digest: str) -> bool:
        return all(tag.startswith(ATTACHED) for tag, named in self.tags.items() if named == digest)

    def _attached(self, digest: str, depth: int = DEEP) -> Iterator[str]:
        """What is attached to an image, by digest, and the lists of it; what hangs on that comes first."""
        for one in self.client.referrers(self.place, digest) if depth else []:
            yield from self._attached(str(one["digest"]), depth - 1)
            yield str(one["digest"])
        prefix = digest.replace(":", "-")
        yield from [named for tag, named in self.tags.items() if tag.startswith(prefix)]

    def _created(self, image: Image) -> datetime | None:
        """When it was pushed, as its bill of materials tells, or built; None where neither is known."""
        dates = [
            date
            for owner in (image.parts or [image.digest])
            for one in self.client.referrers(self.place, owner)
            if (date := _date((self._document(str(one["digest"])).get("annotations") or {}).get(CREATED)))
        ]
        if dates:
            return min(dates)
        config = self._document((image.parts or [image.digest])[0]).get("config") or {}
        if "digest" not in config:
            return None
        try:
            built = _date(json.loads(self.client.blob(self.place, str(config["digest"]))).get("created"))
        except (ValueError, AttributeError, RegistryError):
            return None
        return built if built and built >= TIMELESS else None

    def _document(self, digest: str) -> dict[str, Any]:
        manifest = self.client.manifest(replace(self.place, tag=None, digest=digest))
        try:
            found = json.loads(manifest.body) if manifest else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _parts(body: bytes) -> list[str]:
    """The digests that an index lists; none of an image."""
    try:
        return [str(one["digest"]) for one in json.loads(body).get("manifests") or []]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _date(text: Any) -> datetime | None:
    """A time as registries have it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
