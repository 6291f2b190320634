"""Find the commands that a reader would type, in README.md, CONTRIBUTING.md and docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Written from runs, or by a generator that knows its source.
GENERATED = {"docs/IMPLEMENTATION.md"}
# The first word of a command, or how it begins; of a path the last part counts.
PROGRAMS = {
    ".",
    "ansible",
    "ansible-doc",
    "ansible-playbook",
    "ansible-vault",
    "apt-get",
    "cd",
    "cp",
    "curl",
    "docker",
    "export",
    "kubectl",
    "ls",
    "make",
    "minikube",
    "mkdir",
    "molecule",
    "nsenter",
    "pytest",
    "python",
    "ss",
    "sudo",
    "supervisorctl",
    "time",
}
FOLDERS = ("bench/", "tests/", "docs/")
# What may be typed without another word.
ALONE = {"pytest", "tests/lint", "tests/run"}
SETTINGS = re.compile(r"^(?:[A-Za-z_]+=\S*\s+)+")
COMMENT = re.compile(r"\s+#\s.*$")
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# What is no shell: data, drawings, programs.
OTHER = {"yaml", "json", "mermaid", "python", "ini", "html"}


@dataclass(frozen=True)
class Command:
    """A command, and where it is written."""

    file: str
    text: str


def documents() -> list[Path]:
    """What users read, but what is written from runs."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [one for one in found if one.relative_to(ROOT).as_posix() not in GENERATED and "reference" not in one.parts]


def is_command(text: str) -> bool:
    """Whether a line begins with a program, after what is set for it alone, and says what it shall do."""
    first, _, rest = SETTINGS.sub("", text).partition(" ")
    if first.startswith(FOLDERS) or first in ALONE:
        # A file's name in a sentence is no command.
        return bool(rest) or first in ALONE
    return bool(rest) and (first in PROGRAMS or (first.startswith(("~/", "/")) and Path(first).name in PROGRAMS))


def commands(document: Path) -> Iterator[Command]:
    """Every command in a document: lines of shell blocks, and code within sentences."""
    file = document.relative_to(ROOT).as_posix() if document.is_relative_to(ROOT) else document.name
    text = document.read_text(encoding="utf-8")
    for block in FENCE.finditer(text):
        if block[2] in OTHER:
            continue
        for line in block[3].splitlines():
            bare = COMMENT.sub("", line.strip().removeprefix("$ "))
            # In a block, a file that can be run is meant to be run.
            if is_command(bare) or (bare.startswith(FOLDERS) and " " not in bare):
                yield Command(file, bare)
    for code in INLINE.finditer(FENCE.sub("", text)):
        if is_command(code[1].strip()):
            yield Command(file, code[1].strip())
