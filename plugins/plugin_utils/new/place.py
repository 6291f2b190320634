"""Where a new target is written to, and which collection is to deploy it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import yaml

from ..errors import UserError
from ..files import kind_of
from ..repository import HOME, is_installed


class NoFolder(UserError):
    """A folder that nothing can be written to; the message says why."""


def folders(repository: str, below: str) -> tuple[Path, Path]:
    """The repository, and the folder of the sources in it. Raises NoFolder, or Unreadable."""
    folder = Path(repository).expanduser().resolve()
    source = (folder / below).resolve()
    if kind_of(folder) != stat.S_IFDIR:
        raise NoFolder(f"new_folder is {folder}, which is not a folder: make it first, or name another")
    if folder == HOME:
        raise NoFolder(f"new_folder is {folder}, this project's own checkout: set it to the folder of your repository")
    if kind_of(source) != stat.S_IFDIR or not source.is_relative_to(folder):
        raise NoFolder(f"new_source is {below}, which is not a folder in {folder}")
    for one in (folder, source):
        if not os.access(one, os.W_OK | os.X_OK, effective_ids=True):
            raise NoFolder(f"{one} cannot be written to by this user, and nothing was written")
    return folder, source


def collection_file() -> str:
    """The file that `make collection` makes of this version."""
    if is_installed():
        version = json.loads((HOME / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"]
    else:
        version = yaml.safe_load((HOME / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    return f"fastapi_mysql-k8s-{version}.tar.gz"
