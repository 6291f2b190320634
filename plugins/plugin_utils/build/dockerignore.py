"""Which files of a folder a Docker build sees: .dockerignore, read as BuildKit reads it.

The Docker SDK for Python has a matcher too, but it follows the legacy builder: it leaves a
folder out although an exception such as ``!**/keep.md`` brings a file in it back. A hash made
with it would miss changes to files that BuildKit does copy. (Its import costs 0.4 s as well.)
The rules here are those of github.com/moby/patternmatcher and of the walk in github.com/tonistiigi/fsutil,
peculiarities included: what they call a match is what is in the image.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .go_regex import BadRegex, check_glob, translate

# What Go calls white space; Python's str.strip() takes more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPED = frozenset(".+()|{}$")
_WILDCARDS = re.compile(r"[*?\[\]^\\]")


class BadPattern(UserError, ValueError):
    """A line of .dockerignore that Docker refuses."""


@dataclass(frozen=True)
class Pattern:
    """One line of .dockerignore."""

    text: str
    is_exception: bool
    start: str | None = None
    """The beginning of every path that matches, when no more than that is to be compared."""
    end: str | None = None
    """The end of it, likewise."""
    regex: re.Pattern[str] | None = None

    def matches(self, path: str) -> bool:
        """Tell whether the pattern matches this path."""
        if self.regex:
            return self.regex.fullmatch(path) is not None
        if self.end is not None:
            return path.endswith(self.end) or (self.end[:1] == "/" and path == self.end[1:])
        return path.startswith(self.start) if self.start is not None else path == self.text

    @property
    def without_trailing_glob(self) -> str:
        """The pattern without the ``/**`` or ``/*`` that it may end with."""
        return self.text.removesuffix("/**").removesuffix("/*")

    def may_match_below(self, folder: str) -> bool:
        """Tell whether a path inside ``folder`` could match."""
        wildcard = _WILDCARDS.search(self.text)
        literal, inside = (self.text[: wildcard.start()] if wildcard else self.text), f"{folder}/"
        return inside.startswith(literal) or literal.startswith(inside)


def _pattern(text: str, is_exception: bool) -> Pattern:
    """Decide how a pattern is compared: as a whole, by its beginning, by its end, or as a regular expression."""
    kind, out, position = "whole", "", 0
    while position < len(text):
        first, char = position == 0, text[position]
        position += 1
        if char == "*" and text[position : position + 1] == "*":
            # "**" stands for any number of folders, none included: it takes its slash along.
            position += 2 if text[position + 1 : position + 2] == "/" else 1
            if position < len(text):
                out, kind = out + "(.*/)?", "regex"
            elif kind == "whole":
                kind = "start"
            else:
                out, kind = out + ".*", "regex"
            kind = "end" if first else kind
            continue
        if char in _ESCAPED:
            out += f"\\{char}"
            continue
        if char in "*?":
            char = "[^/]*" if char == "*" else "[^/]"
        elif char == "\\":
            char += text[position]
            position += 1
        elif char not in "[]":
            out += char
            continue
        out, kind = out + char, "regex"
    if kind == "regex":
        return Pattern(text, is_exception, regex=re.compile(translate(out)))
    return Pattern(text, is_exception, text[:-2] if kind == "start" else None, text[2:] if kind == "end" else None)


def parse(text: str) -> list[Pattern]:
    """Read the text of a .dockerignore file."""
    patterns: list[Pattern] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        body = line.removesuffix("\r").strip(_SPACE)
        if line.startswith("#") or not body:
            continue
        is_exception = body.startswith("!")
        body = body[1:].strip(_SPACE) if is_exception else body
        # Removes ".", "..", doubled and trailing slashes; a leading slash means nothing.
        cleaned = posixpath.normpath(body).lstrip("/") if body else ""
        if is_exception and not cleaned:
            raise BadPattern(f"a line with nothing but '!{body}' in .dockerignore")
        if not cleaned:
            continue
        try:
            cleaned.encode()
            check_glob(cleaned)
            patterns.append(_pattern(cleaned, is_exception))
        except (BadRegex, UnicodeEncodeError, re.error) as error:
            shown = body.encode("utf-8", "backslashreplace").decode()
            raise BadPattern(f"'{shown}' in .dockerignore is not a valid pattern: {error}") from error
    return patterns


def _judge(path: str, patterns: list[Pattern], parent: list[bool]) -> tuple[bool, list[bool]]:
    """Say whether ``path`` is ignored, and which patterns hold for it (a folder's hold for all that is in it)."""
    ignored = False
    matches: list[bool] = []
    for pattern, inherited in zip(patterns, parent, strict=True):
        # A pattern that could change nothing is not tried, and then does not hold for what is inside either.
        match = inherited or (pattern.is_exception == ignored and pattern.matches(path))
        matches.append(match)
        if match:
            ignored = not pattern.is_exception
    return ignored, matches


def is_seen(path: str, patterns: list[Pattern]) -> bool:
    """Whether a build would see a path (relative, with slashes), were it there."""
    ignored, matches, parts = False, [False] * len(patterns), path.split("/")
    for end in range(len(parts)):
        ignored, matches = _judge("/".join(parts[: end + 1]), patterns, matches)
    return not ignored


def walk(root: Path, patterns: list[Pattern]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield path (relative, with slashes) and entry of all that a build sees, each folder before what is in it.

    A folder that is ignored is there as soon as something in it is not.
    """
    exceptions = [pattern for pattern in patterns if pattern.is_exception]
    only_prefixes = not any(_WILDCARDS.search(one.without_trailing_glob) for one in exceptions)

    def look_into(folder: str) -> bool:
        """Whether to look into a folder that is ignored."""
        if only_prefixes:
            return any(f"{one.without_trailing_glob}/".startswith(f"{folder}/") for one in exceptions)
        return any(one.may_match_below(folder) for one in exceptions)

    def descend(folder: str, inherited: list[bool]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                ignored, matches = _judge(path, patterns, inherited)
                if not entry.is_dir(follow_symlinks=False):
                    if not ignored:
                        yield path, entry
                    continue
                if not ignored:
                    yield path, entry
                    yield from descend(path, matches)
                elif look_into(path):
                    yield from _after(path, entry, descend(path, matches))

    yield from descend("", [False] * len(patterns))


def _after(
    path: str, folder: os.DirEntry[str], inside: Iterator[tuple[str, os.DirEntry[str]]]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What is inside, if anything, after the folder itself."""
    for number, one in enumerate(inside):
        if not number:
            yield path, folder
        yield one
