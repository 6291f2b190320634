"""A zip of text files and folders, the same bytes for the same content."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path

from .dockerignore import parse, walk

# The earliest time that a zip can hold: what was zipped when is not what a kit is about.
EPOCH = (1980, 1, 1, 0, 0, 0)
# What a builder reads whether or not .dockerignore leaves it out.
ALWAYS = (".dockerignore", "Dockerfile")


def folder_files(folder: Path, prefix: str) -> list[tuple[str, Path]]:
    """Every file below a folder, by its name in the zip."""
    return [
        (f"{prefix}/{path.relative_to(folder).as_posix()}", path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def context_files(folder: Path, prefix: str) -> list[tuple[str, Path]]:
    """What a build of that folder sees, and no more: what .dockerignore leaves out may be private."""
    ignore = folder / ".dockerignore"
    patterns = parse(ignore.read_text(encoding="utf-8")) if ignore.is_file() else []
    seen = {path for path, entry in walk(folder, patterns) if entry.is_file()}
    seen |= {name for name in ALWAYS if (folder / name).is_file()}
    return [(f"{prefix}/{path}", folder / path) for path in sorted(seen)]


def write_zip(target: Path, files: Iterable[tuple[str, Path]]) -> list[str]:
    """Write the zip in one step, for its owner only; return the names in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    names = []
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as kit:
            for name, path in files:
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                # Whoever unpacks it gets the same protection: a Secret stays its owner's.
                entry.external_attr = (stat.S_IFREG | (stat.S_IMODE(path.stat().st_mode) & 0o755)) << 16
                kit.writestr(entry, path.read_bytes())
                names.append(name)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return names
