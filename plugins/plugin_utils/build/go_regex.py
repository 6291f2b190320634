"""Patterns of Go's path/filepath and regular expressions of its regexp, as far as .dockerignore comes to them."""

from __future__ import annotations

import re

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
# The classes that a letter after a backslash stands for; Go's know ASCII alone.
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_CHARACTERS = frozenset("aftnrv")
_ANCHORS = {"A": r"\A", "z": r"\Z", "b": r"(?a:\b)", "B": r"(?a:\B)"}


class BadRegex(ValueError):
    """A pattern that Go refuses, or one that is not understood here; the message says which part."""


def check_glob(pattern: str) -> None:
    """Raise BadRegex for what filepath.Match calls a syntax error."""
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "\\":
            if position == len(pattern):
                raise BadRegex("it ends with a backslash")
            position += 1
        elif char == "[":
            position = _class_end(pattern, position)


def _class_end(pattern: str, position: int) -> int:
    """The position after the class of characters that begins at ``position``."""
    position += pattern[position : position + 1] == "^"
    found = False
    while not (found and pattern[position : position + 1] == "]"):
        position = _member_end(pattern, position)
        if pattern[position] == "-":
            position = _member_end(pattern, position + 1)
        found = True
    return position + 1


def _member_end(pattern: str, position: int) -> int:
    if pattern[position : position + 1] in ("", "-", "]"):
        raise BadRegex("it has '[' without what belongs to it")
    position += pattern[position] == "\\"
    if position + 1 >= len(pattern):
        raise BadRegex("it has '[' without ']'")
    return position + 1


def translate(regex: str) -> str:
    """A regular expression as Python has it."""
    out, position = "", 0
    while position < len(regex):
        char = regex[position]
        if char == "\\":
            out += _escape(regex[position + 1], inside=False)
            position += 2
        elif char == "[":
            text, position = _class(regex, position + 1)
            out += text
        else:
            # A bracket that closes nothing is a character like any other.
            out += r"\]" if char == "]" else char
            position += 1
    return out


def _escape(char: str, inside: bool) -> str:
    if not (char.isascii() and char.isalnum()):
        return re.escape(char)
    if char in _CHARACTERS:
        return f"\\{char}"
    if char in _CLASSES:
        return _CLASSES[char] if inside else f"[{_CLASSES[char]}]"
    if char in "DWS" and not inside:
        return f"[^{_CLASSES[char.lower()]}]"
    if char in _ANCHORS and not inside:
        return _ANCHORS[char]
    raise BadRegex(f"\\{char} in it is not understood")


def _class(regex: str, position: int) -> tuple[str, int]:
    """A class of characters, and the position after it."""
    negated = regex[position : position + 1] == "^"
    position += negated
    out, first = "", True
    while first or regex[position : position + 1] != "]":
        if position >= len(regex):
            raise BadRegex("it has '[' without ']'")
        first, char = False, regex[position]
        named = re.compile(r"\[:(\w+):\]").match(regex, position)
        if named:
            if named[1] not in _POSIX:
                raise BadRegex(f"{named[0]} in it is not understood")
            out, position = out + _POSIX[named[1]], named.end()
        elif char == "\\":
            out, position = out + _escape(regex[position + 1], inside=True), position + 2
        else:
            # "-" is what parts a range, as in Python; all else that Python might take for more is taken for itself.
            out, position = out + (char if char == "-" else re.escape(char)), position + 1
    return f"[{'^' if negated else ''}{out}]", position + 1
