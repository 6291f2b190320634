"""A zip of text files and folders, the same bytes for the same content."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ...module_utils.whole_file import write_whole
from ..build.build_context import open_context

# The earliest time that a zip can hold: what was zipped when is not what a kit is about.
EPOCH = (1980, 1, 1, 0, 0, 0)


def folder_files(folder: Path, prefix: str) -> list[tuple[str, Path]]:
    """Every file below a folder, by its name in the zip; what a link names is elsewhere's."""
    return [
        (f"{prefix}/{path.relative_to(folder).as_posix()}", path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]


def context_files(folder: Path, prefix: str, dockerfile: str = "Dockerfile") -> list[tuple[str, Path]]:
    """What a build of that folder sees, and no more: what .dockerignore hides may be private. Raises BadContext."""
    context = open_context(folder, dockerfile)
    seen = {path: folder / path for path, entry in context.entries() if entry.is_symlink() or entry.is_file()}
    # What the builder reads whether or not it is left out, and from where a link leads it.
    for path in (context.dockerfile, context.ignore):
        if path:
            seen[path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name] = path.resolve()
    return [(f"{prefix}/{name}", path) for name, path in sorted(seen.items())]


def write_zip(target: Path, files: Iterable[tuple[str, Path]]) -> list[str]:
    """Write the zip in one step, for its owner only; return the names in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    content, names = io.BytesIO(), []
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as kit:
        for name, path in files:
            kit.writestr(*_entry(name, path))
            names.append(name)
    write_whole(target, content.getvalue())
    return names


def _entry(name: str, path: Path) -> tuple[zipfile.ZipInfo, bytes]:
    """A link stays one, whatever it names."""
    entry = zipfile.ZipInfo(name, EPOCH)
    if path.is_symlink():
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        return entry, os.fsencode(path.readlink())
    entry.compress_type = zipfile.ZIP_DEFLATED
    # Whoever unpacks it gets the same protection: a Secret stays its owner's.
    entry.external_attr = (stat.S_IFREG | (stat.S_IMODE(path.stat().st_mode) & 0o755)) << 16
    return entry, path.read_bytes()
