"""The files of an application that tell what it is; not its tests, nor what others have written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Nobody writes an application's entry by hand that is longer.
_LARGEST = 500_000
_OTHERS = frozenset(
    ("node_modules", "venv", "env", "site-packages", "dist", "build", "test", "tests", "__tests__", "docs", "examples")
)


def source_files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Files with one of these endings, those nearest to the folder first, then by name."""
    found: list[Path] = []
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _OTHERS and not name.startswith((".", "__"))]
        found += [Path(above, name) for name in names if name.endswith(suffixes) and not name.startswith("test_")]
    yield from sorted(found, key=lambda path: (len(path.parts), str(path)))


def text_of(path: Path) -> str:
    """The text of a file; nothing of one that cannot be read, or is too large to be of interest."""
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
