"""Which files of a folder a Docker build sees: .dockerignore, read as BuildKit reads it.

The Docker SDK for Python has a matcher too, but it follows the legacy builder: it leaves a
folder out although an exception such as ``!**/keep.md`` brings a file in it back. A hash made
with it would miss changes to files that BuildKit does copy. (Its import costs 0.19 s as well.)
The rules here are those of github.com/moby/patternmatcher.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WILDCARDS = re.compile(r"[*?\[\\]")


class BadPattern(ValueError):
    """A line of .dockerignore that Docker refuses."""


@dataclass(frozen=True)
class Pattern:
    """One line of .dockerignore."""

    regex: re.Pattern[str]
    literal_start: str
    """What every matching path begins with: the pattern up to its first wildcard."""
    is_exception: bool

    def may_match_below(self, folder: str) -> bool:
        """Tell whether a path inside ``folder`` could match."""
        inside = f"{folder}/"
        return inside.startswith(self.literal_start) or self.literal_start.startswith(inside)


def _regex(pattern: str) -> str:
    """Translate a pattern into a regular expression."""
    if pattern.startswith("**") and not pattern.startswith("**/") and not _WILDCARDS.search(pattern, 2):
        # "**.pyc": Docker compares the end of the path only.
        return f".*{re.escape(pattern[2:])}"
    out: list[str] = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**"):
            # "**" stands for any number of folders, none included: it takes its slash along.
            position += 3 if rest.startswith("**/") else 2
            out.append(".*" if position >= len(pattern) else "(?:.*/)?")
            continue
        char = rest[0]
        position += 1
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "\\":
            out.append(re.escape(pattern[position]) if position < len(pattern) else r"\\")
            position += 1
        elif char in "[]^-":
            out.append(char)
        else:
            out.append(re.escape(char))
    return "".join(out)


def parse(text: str) -> list[Pattern]:
    """Read the text of a .dockerignore file."""
    patterns: list[Pattern] = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        body = line.strip()
        if not body:
            continue
        is_exception = body.startswith("!")
        body = body[1:].strip() if is_exception else body
        if not body:
            raise BadPattern("a line with nothing but '!' in .dockerignore")
        # Removes ".", "..", doubled and trailing slashes; a leading slash means nothing.
        cleaned = posixpath.normpath(body).lstrip("/")
        try:
            regex = re.compile(_regex(cleaned), re.DOTALL)
        except re.error as error:
            raise BadPattern(f"'{line.strip()}' in .dockerignore is no valid pattern: {error}") from error
        wildcard = _WILDCARDS.search(cleaned)
        patterns.append(Pattern(regex, cleaned[: wildcard.start()] if wildcard else cleaned, is_exception))
    return patterns


def _judge(path: str, patterns: list[Pattern], parent: list[bool]) -> tuple[bool, list[bool]]:
    """Say whether ``path`` is ignored, and which patterns hold for it (a folder's hold for all that is in it)."""
    ignored = False
    matches: list[bool] = []
    for index, pattern in enumerate(patterns):
        match = parent[index] or pattern.regex.fullmatch(path) is not None
        matches.append(match)
        if match:
            ignored = not pattern.is_exception
    return ignored, matches


def walk(root: Path, patterns: list[Pattern]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield path (relative, with slashes) and entry of all that is not ignored and not a folder."""
    exceptions = [pattern for pattern in patterns if pattern.is_exception]

    def descend(folder: str, inherited: list[bool]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                ignored, matches = _judge(path, patterns, inherited)
                if entry.is_dir(follow_symlinks=False):
                    if not ignored or any(one.may_match_below(path) for one in exceptions):
                        yield from descend(path, matches)
                elif not ignored:
                    yield path, entry

    yield from descend("", [False] * len(patterns))
