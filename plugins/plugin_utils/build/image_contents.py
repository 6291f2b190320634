"""What is in an image, read from its layers: Debian's packages, Python's distributions, the system and the interpreter.

Nothing is taken from what an image was meant to be made of: a layer is a tar file, and in it lie dpkg's list and the
metadata that pip leaves. What a later layer has removed or replaced does not count.
"""

from __future__ import annotations

import contextlib
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from ...module_utils.whole_file import write_whole

DEB, PYPI, INTERPRETER = "deb", "pypi", "python"
# Raise it when more is read from a layer: what was kept of it no longer counts then.
_SCHEME = 1
# What is kept of a layer takes some tens of kilobytes; older ones belong to images of long ago.
_KEPT: Final = 200
# A larger one costs thrice the time: tarfile copies what is left of it for each file.
_BLOCK: Final = 1 << 16
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_DPKG: Final = re.compile(r"var/lib/dpkg/(status|status\.d/[^/]+)")
_DISTRIBUTION: Final = re.compile(r".+\.(dist-info/METADATA|egg-info/PKG-INFO|egg-info)")
_INTERPRETER: Final = re.compile(r"usr/local/lib/python(3\.\d+)/os\.py")
_SYSTEM: Final = re.compile(r"(usr/lib|etc)/os-release")


class Unreadable(ValueError):
    """A layer that is no tar file that this Python reads; the message says which."""


@dataclass(frozen=True, order=True)
class Package:
    """Something with a name and a version."""

    kind: str
    name: str
    version: str
    architecture: str = ""
    supplier: str = ""
    license: str = ""


@dataclass
class Layer:
    """What one layer adds, by the file that tells, and what it removes."""

    packages: dict[str, list[Package]] = field(default_factory=dict)
    systems: dict[str, dict[str, str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Contents:
    """What all layers together hold: each package with the digest of the layer that brought it."""

    packages: list[tuple[Package, str]]
    system: dict[str, str]


def debian_packages(text: str) -> list[Package]:
    """The installed packages in dpkg's list; the lists of images without dpkg leave the status out."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Z][A-Za-z-]*):[ \t]*(.*)$", paragraph, re.MULTILINE))
        if "Package" in fields and "Version" in fields and fields.get("Status", " installed").endswith(" installed"):
            supplier = fields.get("Maintainer", "").partition("<")[0].strip()
            found.append(Package(DEB, fields["Package"], fields["Version"], fields.get("Architecture", ""), supplier))
    return found


def python_distribution(text: str) -> list[Package]:
    """What the metadata of a Python distribution say: one package, or none where they are no such metadata."""
    headers = HeaderParser().parsestr(text)
    if not (headers["Name"] and headers["Version"]):
        return []
    return [Package(PYPI, headers["Name"], headers["Version"], license=headers["License-Expression"] or "")]


def system_of(text: str) -> dict[str, str]:
    """The names and values of os-release."""
    pairs = re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE)
    return {name: value.strip("\"'") for name, value in pairs if name in ("ID", "VERSION_ID", "PRETTY_NAME")}


def read_layer(stream: IO[bytes]) -> Layer:
    """Read a layer once from its beginning, compressed or not."""
    layer = Layer()
    with tarfile.open(fileobj=stream, mode="r|*", bufsize=_BLOCK) as archive:
        for member in archive:
            path = member.name.removeprefix("./").lstrip("/")
            folder, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
            if name == _OPAQUE:
                layer.emptied.append(folder)
            elif name.startswith(_WHITEOUT):
                layer.removed.append(str(PurePosixPath(folder, name.removeprefix(_WHITEOUT))))
            elif _INTERPRETER.fullmatch(path):
                layer.packages[path] = [Package(INTERPRETER, "python", path.split("/")[3].removeprefix("python"))]
            elif read := _reader(path):
                content = archive.extractfile(member) if member.isfile() else None
                if content:
                    read(layer, path, content.read().decode("utf-8", "replace"))
    return layer


def _reader(path: str) -> Callable[[Layer, str, str], None] | None:
    """What reads the file of this name; nothing for most."""
    if _DPKG.fullmatch(path):
        return lambda layer, name, text: layer.packages.update({name: debian_packages(text)})
    if _DISTRIBUTION.fullmatch(path):
        return lambda layer, name, text: layer.packages.update({name: python_distribution(text)})
    if _SYSTEM.fullmatch(path):
        return lambda layer, name, text: layer.systems.update({name: system_of(text)})
    return None


def stacked(layers: Iterable[tuple[str, Layer]]) -> Contents:
    """Lay the layers, each with its digest, one over the other."""
    packages: dict[str, tuple[list[Package], str]] = {}
    systems: dict[str, dict[str, str]] = {}
    for digest, layer in layers:
        for path in [*packages, *systems]:
            if _gone(path, layer):
                packages.pop(path, None)
                systems.pop(path, None)
        packages |= {path: (found, digest) for path, found in layer.packages.items()}
        systems |= layer.systems
    # Sorted, and each once: the same image always gives the same list.
    every: dict[Package, str] = {}
    for _, (found, digest) in sorted(packages.items()):
        for package in found:
            every.setdefault(package, digest)
    system = next((systems[path] for path in ("usr/lib/os-release", "etc/os-release") if path in systems), {})
    return Contents(sorted(every.items()), system)


def _gone(path: str, layer: Layer) -> bool:
    own = PurePosixPath(path)
    folders = {str(folder) for folder in own.parents}
    return any(one == path or one in folders for one in layer.removed) or any(one in folders for one in layer.emptied)


def read_image(
    digests: Iterable[str], opened: Callable[[str], Any], cache: Path | None = None
) -> Iterator[tuple[str, Layer]]:
    """Read the layers in their order; what is known of a layer by its digest is not read again.

    ``opened`` gives a context with the layer's bytes. Raises Unreadable.
    """
    for digest in digests:
        kept = cache / f"{digest.replace(':', '-')}.json" if cache else None
        layer = _recalled(kept) if kept else None
        if layer is None:
            try:
                with opened(digest) as stream:
                    layer = read_layer(stream)
            except (tarfile.TarError, EOFError, zlib.error) as error:
                raise Unreadable(f"the layer {digest} cannot be read as a tar file: {error}") from error
            if kept:
                _keep(kept, layer)
        yield digest, layer


def _recalled(path: Path) -> Layer | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["scheme"] != _SCHEME:
            return None
        kept = kept["layer"]
        kept["packages"] = {name: [Package(**one) for one in found] for name, found in kept["packages"].items()}
        return Layer(**kept)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, layer: Layer) -> None:
    """Keep what was read. Where that fails, the next image takes a little longer."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps({"scheme": _SCHEME, "layer": asdict(layer)}))
        old = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)[_KEPT:]
        for file in old:
            file.unlink(missing_ok=True)
