"""Find the commands that a reader would type, in README.md and docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Written from runs, or by a generator that knows its source.
GENERATED = {"docs/IMPLEMENTATION.md"}
PROGRAMS = (
    "make",
    "ansible",
    "ansible-doc",
    "ansible-playbook",
    "kubectl",
    "docker",
    "curl",
    "cp",
    "mkdir",
    "sudo",
    "minikube",
    "molecule",
    "pytest",
    "bench/",
    "tests/",
    "docs/",
    "apt-get",
)
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
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [one for one in found if one.relative_to(ROOT).as_posix() not in GENERATED and "reference" not in one.parts]


def is_command(text: str) -> bool:
    """Whether a line begins with a program and says what it shall do."""
    return any(
        text.startswith(program) if program.endswith("/") else text.startswith(f"{program} ") for program in PROGRAMS
    )


def commands(document: Path) -> Iterator[Command]:
    """Every command in a document: lines of shell blocks, and code within sentences."""
    file = document.relative_to(ROOT).as_posix() if document.is_relative_to(ROOT) else document.name
    text = document.read_text(encoding="utf-8")
    for block in FENCE.finditer(text):
        if block[2] in OTHER:
            continue
        for line in block[3].splitlines():
            bare = line.strip().removeprefix("$ ").partition("  #")[0].strip()
            if is_command(bare):
                yield Command(file, bare)
    for code in INLINE.finditer(FENCE.sub("", text)):
        bare = code[1].strip()
        # A file's name is no command.
        if is_command(bare) and (" " in bare or bare in ("tests/lint", "tests/run")):
            yield Command(file, bare)
