"""A bill of materials (SBOM, CycloneDX 1.6) of an image, attached to it in its registry as OCI artifacts are.

The artifact is a manifest that names the image as its subject. Where the registry keeps no list of such manifests by
itself, an index under the tag ``sha256-…`` does, as the distribution specification has it; `oras discover` and others
find both.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..errors import UserError
from ..registry.client import Manifest, RegistryError
from ..registry.image_reference import ImageReference
from ..registry.store import RegistryStore
from .image_contents import DEB, PYPI, Contents, Package, Unreadable, read_image, stacked

Object = dict[str, Any]

SBOM_TYPE: Final = "application/vnd.cyclonedx+json"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
EMPTY: Final = b"{}"
CREATED: Final = "org.opencontainers.image.created"
# A license of one word is named by its id, unless it is somebody's own.
_LICENSE_ID: Final = re.compile(r"(?!LicenseRef-|DocumentRef-)[\w.+-]+")


class NoSbom(UserError):
    """No bill of materials can be made; the message says why."""


def attach(client: RegistryStore, image: ImageReference, cache: Path | None) -> list[tuple[str, int]]:
    """Attach what is missing; the digest of each bill that was made, and how many packages it lists.

    An image for several platforms has one for each.
    """
    made = []
    for one in platforms(client, image):
        if attached(client, one) is None:
            document, packages = bill(client, one, cache)
            made.append((_push(client, one, document), packages))
    return made


def platforms(client: RegistryStore, image: ImageReference) -> list[ImageReference]:
    """The image by digest, or those that an index names, without the attestations that some builders put there."""
    found = client.manifest(image)
    if found is None:
        raise RegistryError(f"The registry does not have {image}")
    named = json.loads(found.body).get("manifests")
    digests = (
        [found.digest]
        if named is None
        else [one["digest"] for one in named if (one.get("platform") or {}).get("os") != "unknown"]
    )
    return [replace(image, tag=None, digest=digest) for digest in digests]


def attached(client: RegistryStore, image: ImageReference) -> tuple[str, bytes] | None:
    """The digest and the text of the bill that an image (by digest) has; None when it has none."""
    for one in client.referrers(image, str(image.digest)):
        if one.get("artifactType") != SBOM_TYPE:
            continue
        manifest = client.manifest(replace(image, tag=None, digest=one["digest"]))
        if manifest is not None:
            digest = json.loads(manifest.body)["layers"][0]["digest"]
            return digest, client.blob(image, digest)
    return None


def bill(client: RegistryStore, image: ImageReference, cache: Path | None) -> tuple[bytes, int]:
    """The bill of one image (by digest), and how many packages it lists: the same bytes whenever it is made."""
    found = client.manifest(image)
    if found is None:
        raise RegistryError(f"The registry does not have {image}")
    manifest = json.loads(found.body)
    config = json.loads(client.blob(image, manifest["config"]["digest"]))
    digests = [layer["digest"] for layer in manifest["layers"]]
    try:
        contents = stacked(read_image(digests, lambda digest: client.open_blob(image, digest), cache))
    except Unreadable as error:
        raise NoSbom(f"{image.name}: {error}") from error
    return document_of(image, str(config.get("created") or ""), contents).encode(), len(contents.packages)


def document_of(image: ImageReference, created: str, contents: Contents) -> str:
    """The bill as text. Its time is the image's own and its number is made of the digest: it says when and of what."""
    # Imported here: nobody who finds nothing to do pays for it.
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    whole = Component(type=ComponentType.CONTAINER, name=image.name, version=image.digest, bom_ref=str(image))
    maker = Component(type=ComponentType.APPLICATION, name="fastapi-mysql-k8s")
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"oci:{image.digest}"),
        metadata=BomMetaData(
            component=whole, tools=ToolRepository(components=[maker]), timestamp=_moment(created) if created else None
        ),
    )
    parts = [
        _component(package, contents.system, [Property(name="fastapi-mysql-k8s:layer", value=digest)])
        for package, digest in contents.packages
    ]
    if contents.system:
        name, version = contents.system.get("ID", "linux"), contents.system.get("VERSION_ID", "")
        parts.append(
            Component(
                type=ComponentType.OPERATING_SYSTEM,
                name=name,
                version=version,
                bom_ref=f"system:{name}",
                description=contents.system.get("PRETTY_NAME"),
            )
        )
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(whole, parts)
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text + "\n"


def _moment(text: str) -> datetime:
    """A time as an image's configuration has it, whose fractions may be finer than Python's."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))


def _component(package: Package, system: Object, properties: Iterable[Any]) -> Any:
    from cyclonedx.model.component import Component
    from cyclonedx.model.contact import OrganizationalEntity
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from packageurl import PackageURL

    if package.kind == DEB:
        qualifiers = {
            "arch": package.architecture,
            "distro": "-".join((system.get("ID", ""), system.get("VERSION_ID", ""))),
        }
        purl = PackageURL(
            DEB,
            system.get("ID") or "debian",
            package.name,
            package.version,
            {k: v for k, v in qualifiers.items() if v.strip("-")},
        )
    elif package.kind == PYPI:
        purl = PackageURL(PYPI, None, re.sub(r"[-_.]+", "-", package.name).lower(), package.version)
    else:
        purl = PackageURL("generic", None, package.name, package.version)
    by_id = _LICENSE_ID.fullmatch(package.license)
    return Component(
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=purl.to_string(),
        supplier=OrganizationalEntity(name=package.supplier) if package.supplier else None,
        licenses=[
            DisjunctiveLicense(id=package.license) if by_id else LicenseExpression(package.license),
        ]
        if package.license
        else None,
        properties=properties,
    )


def _push(client: RegistryStore, image: ImageReference, document: bytes) -> str:
    """Store the bill and what ties it to the image; return the bill's digest."""
    subject = client.manifest(image)
    if subject is None:
        raise RegistryError(f"The registry does not have {image}")
    digest = client.put_blob(image, document)
    client.put_blob(image, EMPTY)
    manifest = _manifest(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": SBOM_TYPE,
            "config": _descriptor(EMPTY_TYPE, EMPTY),
            "layers": [_descriptor(SBOM_TYPE, document)],
            "subject": _descriptor(subject.media_type, subject.body),
            # The image itself is of 1980: what its content was built for has no time. This one tells its age.
            "annotations": {CREATED: datetime.now(UTC).isoformat(timespec="seconds")},
        }
    )
    if not client.put_manifest(replace(image, digest=manifest.digest), manifest):
        _note(client, image, manifest)
    return digest


def _note(client: RegistryStore, image: ImageReference, artifact: Manifest) -> None:
    """Add the artifact to the index of what belongs to the image, for a registry that does not do so itself."""
    others = [one for one in client.referrers(image, str(image.digest)) if one.get("digest") != artifact.digest]
    entry = _descriptor(artifact.media_type, artifact.body) | {"artifactType": SBOM_TYPE}
    index = _manifest({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*others, entry]})
    tag = str(image.digest).replace(":", "-")
    client.put_manifest(replace(image, tag=tag, digest=None), index)


def _manifest(document: Object) -> Manifest:
    body = json.dumps(document, separators=(",", ":")).encode()
    return Manifest(body, document["mediaType"], f"sha256:{hashlib.sha256(body).hexdigest()}")


def _descriptor(media_type: str, content: bytes) -> Object:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
