"""A folder for a login that ends with the run: the Docker CLI's settings without its keepers of passwords.

A run that is killed cannot clean up after itself, so the next one does: each folder is named after its process.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from .lease import process_start, this_machine

# Helpers would keep the login beyond the run; a context would lead to another engine than the one that is named.
_LEFT_OUT = ("credsStore", "credHelpers", "currentContext")
_NAME = re.compile(r"(?P<machine>[0-9a-f]{12})-(?P<pid>[0-9]+)-(?P<start>[0-9]*)-\w+$")
# Of another machine that shares this home, or of this one before it was started anew, nobody here knows the
# processes: no build takes as long as this.
STRANGERS_SECONDS = 24 * 3600.0


class UnsafeFolder(ValueError):
    """The place for it is not ours alone; the message says why, in one line."""


def make(above: Path, pid: int, settings: Path) -> Path:
    """A new folder for the run that is process `pid`, with what `settings` (a Docker CLI's folder) has but its helpers.

    Raises UnsafeFolder for a place that others could look into, ValueError for settings that are no JSON.
    """
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = above.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise UnsafeFolder(f"{above} is no folder of yours alone (mode 0700): remove it")
    forget(above)
    folder = Path(tempfile.mkdtemp(prefix=f"{_machine()}-{pid}-{process_start(pid)}-", dir=above))
    # The CLI looks for buildx here first.
    (folder / "cli-plugins").symlink_to(settings / "cli-plugins")
    config = folder / "config.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(_without_helpers(settings / "config.json")), encoding="utf-8")
    return folder


def _without_helpers(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}): mend it") from error
    return {key: value for key, value in found.items() if key not in _LEFT_OUT}


def forget(above: Path) -> None:
    """Remove what runs that are no more have left."""
    for folder in above.iterdir():
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    name = _NAME.match(folder.name)
    if not name:
        return False
    if name["machine"] == _machine() and name["start"]:
        return process_start(int(name["pid"])) != name["start"]
    try:
        return time.time() - folder.stat().st_mtime > STRANGERS_SECONDS
    except OSError:
        # Another run was quicker.
        return False


def _machine() -> str:
    return hashlib.sha256(this_machine().encode()).hexdigest()[:12]
