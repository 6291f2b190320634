"""The content address of an image that is still to be built.

Two checkouts with the same files give the same tag, whoever made them and whenever: paths,
bytes, the executable bit and the targets of links count; times, owners and empty folders
(Git knows neither) do not. So a registry that has the tag has the image.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.module_utils import dockerignore

# Raise it when the way of hashing changes: old tags then no longer count as the same content.
_SCHEME = "2"
_TAG_DIGITS = 20


class BadContext(ValueError):
    """A build context that cannot be built; the message says why."""


def _check(context: Path, dockerfile: str) -> Path:
    if not context.is_dir():
        raise BadContext(f"the build context {context} is not a folder")
    path = context / dockerfile
    if not path.is_file():
        raise BadContext(f"the build context {context} has no {dockerfile}")
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadContext(f"{path} in the build context cannot be read: {error.strerror}") from error


def _patterns(context: Path, dockerfile: Path) -> list[dockerignore.Pattern]:
    # BuildKit prefers a list that belongs to one Dockerfile over the folder's own.
    for candidate in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if candidate.is_file():
            try:
                return dockerignore.parse(_read(candidate).decode("utf-8", "surrogateescape"))
            except dockerignore.BadPattern as error:
                raise BadContext(f"{candidate}: {error}") from error
    return []


def _describe(entry: os.DirEntry[str]) -> tuple[str, str]:
    """Return kind and content of a file or link; anything else (a socket, say) is not sent to a build."""
    if entry.is_symlink():
        return "link", str(Path(entry.path).readlink())
    mode = entry.stat(follow_symlinks=False).st_mode
    if not stat.S_ISREG(mode):
        return "", ""
    kind = "program" if mode & 0o111 else "file"
    return kind, hashlib.sha256(_read(Path(entry.path))).hexdigest()


def context_tag(
    context: Path,
    *,
    dockerfile: str = "Dockerfile",
    build_args: Mapping[str, str] | None = None,
    target: str | None = None,
    platforms: Iterable[str] = (),
    base_digest: str | None = None,
) -> str:
    """Return the tag for what a build of ``context`` with these arguments would hold."""
    dockerfile_path = _check(context, dockerfile)
    try:
        files = [
            (path, *_describe(entry)) for path, entry in dockerignore.walk(context, _patterns(context, dockerfile_path))
        ]
    except OSError as error:
        raise BadContext(f"{error.filename} in the build context cannot be read: {error.strerror}") from error
    described = {
        "scheme": _SCHEME,
        "files": sorted(one for one in files if one[1]),
        # The build reads it even when .dockerignore hides it.
        "dockerfile": hashlib.sha256(_read(dockerfile_path)).hexdigest(),
        "build_args": dict(sorted((build_args or {}).items())),
        "target": target or "",
        "platform": ",".join(sorted(platforms)),
        "base": base_digest or "",
    }
    text = json.dumps(described, sort_keys=True)
    return f"content-{hashlib.sha256(text.encode()).hexdigest()[:_TAG_DIGITS]}"
