"""What an image is made of, as its registry tells: layers with the commands that made them, size, port, command."""

from __future__ import annotations

import json
from typing import Any

from .image_reference import BadReference, ImageReference, parse_reference
from .registry_client import RegistryClient, RegistryError

Object = dict[str, Any]


def image_facts(client: RegistryClient, container: str, reference: str) -> Object:
    """One image; when the registry does not tell, `problem` says why."""
    facts: Object = {"container": container, "reference": reference, "problem": ""}
    try:
        image = parse_reference(reference)
        digest, manifest = image_manifest(client, image)
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
    }


def image_manifest(client: RegistryClient, image: ImageReference) -> tuple[str, Object]:
    """The digest of what was named, and the manifest; of an index that of linux/amd64, or its first."""
    found = client.manifest(image)
    if found is None:
        raise RegistryError(f"The registry does not have {image}")
    document: Object = json.loads(found.body)
    parts = document.get("manifests")
    if not parts:
        return found.digest, document
    platforms = [(one.get("platform") or {}, one) for one in parts]
    fitting = [
        one for platform, one in platforms if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64")
    ]
    inner = client.manifest(ImageReference(image.host, image.repository, digest=(fitting or parts)[0]["digest"]))
    if inner is None:
        raise RegistryError(f"The registry does not have what {image} names")
    return found.digest, json.loads(inner.body)


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
        "",
        "SIZE      LAYER                CREATED BY",
    ]
    lines += [f"{size(one['size']):<8}  {one['digest'][:19]}  {one['command']}" for one in image["layers"]]
    return "".join(f"{line.rstrip()}\n" for line in lines)
