"""The content address of an image that is still to be built.

Two checkouts with the same files give the same tag, whoever made them and whenever. What counts is what a build can
bring into an image: paths, bytes, permissions, the targets of links, folders (empty ones, too), and the images that it
starts from. Times and owners do not: a build sets them itself. So a registry that has the tag has the image.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from .build_context import BadContext, BuildContext, open_context

# Raise it when the way of hashing changes: old tags then no longer count as the same content.
_SCHEME = "3"
_TAG_DIGITS = 20

__all__ = ["BadContext", "context_tag"]


def _attributes(path: str) -> list[tuple[str, str]]:
    """The extended attributes that a build copies: what the file may do, and what users have noted."""
    if sys.platform != "linux":
        return []
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return sorted(
            (name, os.getxattr(path, name, follow_symlinks=False).hex())
            for name in names
            if name.startswith("user.") or name == "security.capability"
        )
    except OSError:
        # Not every file system has them.
        return []


def _describe(context: BuildContext, entry: os.DirEntry[str]) -> tuple[str, str, object]:
    """Kind, content and permissions of what the build sees there."""
    if entry.is_symlink():
        # Nobody looks at the permissions of a link.
        return "link", str(Path(entry.path).readlink()), ""
    mode = entry.stat(follow_symlinks=False).st_mode
    more = (f"{stat.S_IMODE(mode):o}", *_attributes(entry.path))
    if stat.S_ISREG(mode):
        return "file", hashlib.sha256(context.content(Path(entry.path))).hexdigest(), more
    return "folder" if stat.S_ISDIR(mode) else f"special {stat.S_IFMT(mode):o}", "", more


def context_tag(
    context: Path | BuildContext,
    *,
    dockerfile: str = "Dockerfile",
    build_args: Mapping[str, str] | None = None,
    target: str | None = None,
    platforms: Iterable[str] = (),
    bases: Mapping[str, str] | None = None,
) -> str:
    """Return the tag for what a build of ``context`` with these arguments, on these bases (name to digest), holds."""
    opened = context if isinstance(context, BuildContext) else open_context(context, dockerfile)
    described = {
        "scheme": _SCHEME,
        "files": sorted((path, *_describe(opened, entry)) for path, entry in opened.entries()),
        # The build reads it even when .dockerignore hides it.
        "dockerfile": hashlib.sha256(opened.content(opened.dockerfile)).hexdigest(),
        "build_args": dict(sorted((build_args or {}).items())),
        "target": target or "",
        "platform": ",".join(sorted(platforms)),
        "bases": dict(sorted((bases or {}).items())),
    }
    text = json.dumps(described, sort_keys=True)
    return f"content-{hashlib.sha256(text.encode()).hexdigest()[:_TAG_DIGITS]}"
