"""What an application says that it needs: the names of Python packages, and how they are installed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sources import text_of

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")

REQUIREMENTS, PROJECT, PACKAGE = "requirements", "project", "package"


@dataclass(frozen=True)
class Dependencies:
    """The packages by their normalized names, the file that names them, and the way that file is installed."""

    names: frozenset[str] = frozenset()
    file: str = ""
    way: str = ""


def dependencies_of(folder: Path) -> Dependencies:
    """Of requirements.txt, else of pyproject.toml."""
    if (folder / "requirements.txt").is_file():
        lines = text_of(folder / "requirements.txt").splitlines()
        return Dependencies(_names(lines), "requirements.txt", REQUIREMENTS)
    try:
        project = tomllib.loads(text_of(folder / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return Dependencies()
    listed = _at(project, "project", "dependencies")
    if isinstance(listed, list):
        return Dependencies(_names(str(one) for one in listed), "pyproject.toml", PROJECT)
    poetry = _at(project, "tool", "poetry", "dependencies")
    return Dependencies(_names(poetry), "pyproject.toml", PACKAGE) if isinstance(poetry, dict) else Dependencies()


def _names(lines: Iterable[str]) -> frozenset[str]:
    found = (_NAME.match(line) for line in lines)
    return frozenset(re.sub(r"[-_.]+", "-", one[1]).lower() for one in found if one)


def _at(content: dict[str, Any], *path: str) -> Any:
    found: Any = content
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found
