"""What an image is made of, as its registry tells: layers with the commands that made them, size, port, command."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..build.image_sbom import attached
from ..registry.client import RegistryError
from ..registry.image_reference import BadReference, ImageReference, parse_reference
from ..registry.store import RegistryStore

Object = dict[str, Any]


def image_facts(client: RegistryStore, container: str, reference: str) -> Object:
    """One image; when the registry does not tell, `problem` says why."""
    facts: Object = {"container": container, "reference": reference, "problem": ""}
    try:
        image = parse_reference(reference)
        digest, own, manifest = image_manifest(client, image)
        config = json.loads(client.blob(image, manifest["config"]["digest"]))
    except (BadReference, RegistryError, KeyError, ValueError) as error:
        return facts | {"problem": " ".join(str(error).split()) or type(error).__name__}
    settings = config.get("config") or {}
    layers = layers_of(manifest, config)
    return facts | {
        "digest": digest,
        "size": sum(layer["size"] for layer in layers),
        "created": str(config.get("created", "")),
        "platform": f"{config.get('os', '')}/{config.get('architecture', '')}",
        "ports": sorted(settings.get("ExposedPorts") or {}),
        "entrypoint": list(settings.get("Entrypoint") or []),
        "command": list(settings.get("Cmd") or []),
        "user": str(settings.get("User", "")),
        "layers": layers,
        "sbom": image_sbom(client, own),
    }


def image_sbom(client: RegistryStore, image: ImageReference) -> Object | None:
    """The bill of materials that is attached to the image (by digest), with its text; None when none can be had."""
    try:
        found = attached(client, image)
        return found and {
            "digest": found[0],
            "packages": sum(one["type"] == "library" for one in json.loads(found[1])["components"]),
            "text": found[1].decode(),
        }
    except (RegistryError, KeyError, ValueError, TypeError):
        # Not every registry keeps such things, and an image runs as well without.
        return None


def image_manifest(client: RegistryStore, image: ImageReference) -> tuple[str, ImageReference, Object]:
    """The digest of what was named, the image by its own, and its manifest; of an index linux/amd64, or its first."""
    found = client.manifest(image)
    if found is None:
        raise RegistryError(f"The registry does not have {image}")
    document: Object = json.loads(found.body)
    parts = document.get("manifests")
    if not parts:
        return found.digest, replace(image, tag=None, digest=found.digest), document
    platforms = [(one.get("platform") or {}, one) for one in parts]
    fitting = [
        one for platform, one in platforms if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64")
    ]
    own = replace(image, tag=None, digest=(fitting or parts)[0]["digest"])
    inner = client.manifest(own)
    if inner is None:
        raise RegistryError(f"The registry does not have what {image} names")
    return found.digest, own, json.loads(inner.body)


def layers_of(manifest: Object, config: Object) -> list[Object]:
    """Each layer's digest, compressed size, and the command that made it."""
    made = [step for step in config.get("history") or [] if not step.get("empty_layer")]
    layers = manifest["layers"]
    commands = [shortened(str(step.get("created_by", ""))) for step in made]
    # Not every builder writes a history for each layer.
    commands = commands if len(commands) == len(layers) else [""] * len(layers)
    return [
        {"digest": str(layer["digest"]), "size": int(layer["size"]), "command": command}
        for layer, command in zip(layers, commands, strict=True)
    ]


def shortened(command: str) -> str:
    """A history entry on one line, without what builders put around the command."""
    for noise in ("/bin/sh -c #(nop) ", "/bin/sh -c ", " # buildkit"):
        command = command.replace(noise, "")
    return " ".join(command.split())


def sbom_file(image: Object) -> str:
    """Where the evidence keeps the image's bill of materials."""
    return f"sbom/{image['container']}.cdx.json"


def sbom_text(image: Object) -> str:
    """One line about the bill of materials."""
    bill = image["sbom"]
    return f"{bill['packages']} packages, listed in {sbom_file(image)}" if bill else "no list (SBOM) is attached"


def size(count: int) -> str:
    """Bytes for people."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.5 or unit == "GB":
            return f"{amount:.3g} {unit}"
    return ""


def image_text(image: Object) -> str:
    """What `docker images`, `inspect` and `history` would tell, as text."""
    if image["problem"]:
        return f"{image['reference']}\n{image['problem']}\n"
    lines = [
        f"image       {image['reference']}",
        f"digest      {image['digest']}",
        f"size        {size(image['size'])} compressed, {len(image['layers'])} layers",
        f"platform    {image['platform']}",
        f"created     {image['created']}",
        f"exposes     {', '.join(image['ports']) or 'nothing'}",
        f"user        {image['user'] or 'root'}",
        f"entrypoint  {json.dumps(image['entrypoint'])}",
        f"command     {json.dumps(image['command'])}",
        f"contents    {sbom_text(image)}",
        "",
        "SIZE      LAYER                CREATED BY",
    ]
    lines += [f"{size(one['size']):<8}  {one['digest'][:19]}  {one['command']}" for one in image["layers"]]
    return "".join(f"{line.rstrip()}\n" for line in lines)
