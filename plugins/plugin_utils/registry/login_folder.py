"""A folder for a login that ends with the run: the Docker CLI's settings, and the logins that a build needs.

A run that is killed cannot clean up after itself, so the next one does: each folder is named after its process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from ..errors import UserError
from ..release.lease import process_start, this_machine
from .credentials import (
    CredentialsError,
    find_credentials,
    given_logins,
    in_table,
    is_of,
    key_of,
    read_config,
    table,
)

# The store would keep the login beyond the run; a context would lead to another engine than the one that is named.
_LEFT_OUT = ("credsStore", "currentContext")
_NAME = re.compile(r"(?P<machine>[0-9a-f]{12})-(?P<pid>[0-9]+)-(?P<start>[0-9]*)-\w+$")
# Of another machine that shares this home, or of this one before it was started again, nobody here knows the
# processes: no build takes as long as this.
FOREIGN_SECONDS = 24 * 3600.0


class UnsafeFolder(UserError, ValueError):
    """The place for it is not ours alone; the message says why, in one line."""


def make(above: Path, pid: int, settings: Path, target: str = "", others: Iterable[str] = ()) -> Path:
    """A new folder for the run that is process `pid`, with what `settings` (a Docker CLI's folder) has.

    The registry `target` gets a login of its own: its helper would keep it. What the store for all passwords knows of
    the registries `others` goes along. Raises UnsafeFolder for a place that others could look into, CredentialsError
    for settings that cannot be read.
    """
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = above.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise UnsafeFolder(f"{above} is not a folder of yours alone (mode 0700): remove it")
    forget(above)
    folder = Path(tempfile.mkdtemp(prefix=f"{_machine()}-{pid}-{process_start(pid)}-", dir=above))
    # The CLI looks for buildx here first.
    (folder / "cli-plugins").symlink_to(settings / "cli-plugins")
    config = folder / "config.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(_config(settings, target, others)), encoding="utf-8")
    return folder


def _config(settings: Path, target: str, others: Iterable[str]) -> dict[str, object]:
    config = read_config(settings / "config.json")
    auths = {**table(config, "auths"), **given_logins(os.environ)}
    given = {host for host in others if in_table(host, given_logins(os.environ))} | ({target} if target else set())
    helpers = {
        key: name for key, name in table(config, "credHelpers").items() if not any(is_of(key, host) for host in given)
    }
    for host in dict.fromkeys(others):
        if host != target and not any(is_of(key, host) for key in helpers):
            with contextlib.suppress(CredentialsError):
                if found := find_credentials(host, str(settings), os.environ):
                    auths[key_of(host)] = found.entry
    kept = {key: value for key, value in config.items() if key not in _LEFT_OUT}
    return kept | ({"auths": auths} if auths else {}) | ({"credHelpers": helpers} if "credHelpers" in config else {})


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
        return time.time() - folder.stat().st_mtime > FOREIGN_SECONDS
    except OSError:
        # Another run was quicker.
        return False


def _machine() -> str:
    return hashlib.sha256(this_machine().encode()).hexdigest()[:12]
