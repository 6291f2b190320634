"""What a Docker build sees of a folder: one definition for its tag and for whoever packs it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..files import Unreadable, cannot_be_read, is_there, kind_of, read
from . import dockerignore


class BadContext(UserError, ValueError):
    """A build context that cannot be built; the message says why."""


@dataclass(frozen=True)
class BuildContext:
    """A folder with its Dockerfile."""

    folder: Path
    dockerfile: Path
    ignore: Path | None
    """The list that says what the build does not see."""
    patterns: list[dockerignore.Pattern]

    def entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Path (relative, with slashes) and entry of all that the build sees: files, links and folders."""
        try:
            yield from dockerignore.walk(self.folder, self.patterns)
        except OSError as error:
            raise BadContext(f"in the build context, {cannot_be_read(error.filename, error)}") from error

    def content(self, path: Path) -> bytes:
        """The bytes of a file in it."""
        try:
            return read(path)
        except Unreadable as error:
            raise BadContext(f"in the build context, {error}") from error


def open_context(folder: Path, dockerfile: str = "Dockerfile") -> BuildContext:
    """Look for the Dockerfile and for what the build is not to see. Raises BadContext."""
    try:
        return _open(folder, folder / dockerfile)
    except Unreadable as error:
        raise BadContext(f"the build context {folder} cannot be used: {error}") from error
    except dockerignore.BadPattern as error:
        raise BadContext(f"{folder}: {error}") from error


def _open(folder: Path, dockerfile: Path) -> BuildContext:
    if kind_of(folder) != stat.S_IFDIR:
        raise BadContext(f"the build context {folder} is not a folder")
    if not is_there(dockerfile):
        raise BadContext(f"the build context {folder} has no {os.path.relpath(dockerfile, folder)}")
    _check_file(dockerfile, dockerfile.parent)
    # BuildKit prefers a list that belongs to one Dockerfile over the folder's own.
    for ignore, root in (
        (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), dockerfile.parent),
        (folder / ".dockerignore", folder),
    ):
        if is_there(ignore):
            _check_file(ignore, root)
            text = read(ignore).decode("utf-8", "surrogateescape")
            return BuildContext(folder, dockerfile, ignore, dockerignore.parse(text))
    return BuildContext(folder, dockerfile, None, [])


def _check_file(path: Path, root: Path) -> None:
    """BuildKit follows a link within the folder that it was sent only, and from there, not from the machine's root."""
    if kind_of(path) == stat.S_IFREG:
        step = path
        while step.is_symlink():
            target = step.readlink()
            if target.is_absolute() or not step.resolve().is_relative_to(root.resolve()):
                raise BadContext(
                    f"{path} is a link that a build does not follow ({target}): put the file itself there, "
                    "or a relative link that stays in its folder"
                )
            step = step.parent / target
    elif path.is_symlink():
        raise BadContext(f"{path} is a link to {path.readlink()}, which is not a file")
    else:
        raise BadContext(f"{path} is not a file")
