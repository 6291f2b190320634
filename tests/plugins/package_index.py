"""Small wheels, and locked lists of them: an index in a folder, on which something newer may be published."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

EXTRA = "extra"


def wheel(index: Path, name: str, version: str, requires: Iterable[str] = ()) -> str:
    """Publish a package that holds nothing but its metadata, and return its hash."""
    project = index / re.sub(r"[-_.]+", "-", name).lower()
    project.mkdir(parents=True, exist_ok=True)
    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: {EXTRA}"]
    metadata += [f"Requires-Dist: {one}" for one in requires]
    members = {
        "METADATA": "\n".join(metadata) + "\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    file = project / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for member, text in members.items():
            archive.writestr(f"{stem}.dist-info/{member}", text)
    with (project / "index.html").open("a", encoding="utf-8") as page:
        page.write(f'<a href="{file.name}">{file.name}</a>\n')
    return hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass
class Entry:
    """A line of a locked list: what it names, under which conditions, and whom it is there for."""

    name: str
    extras: str
    version: str
    marker: str
    via: list[str] = field(default_factory=list)


def entries(locked: Path) -> list[Entry]:
    """Read a list as uv writes it."""
    found: list[Entry] = []
    for line in locked.read_text(encoding="utf-8").splitlines():
        if entry := re.match(r"([\w.-]+)(\[[\w,.-]+\])?==([^\s;]+)\s*(;[^\\]*)?", line):
            found.append(Entry(entry[1], entry[2] or "", entry[3], (entry[4] or "").strip()))
        elif found and (via := re.match(r"\s+#(?: via)?\s+([\w.-]+)$", line)):
            found[-1].via.append(via[1])
    return found


def copied(locked: Path, index: Path, target: Path) -> bool:
    """Copy a list for an index that has moved on: of everything it has the version of the list, and a newer one.

    Whatever needs a package asks for one of its extras and for no version, as `coverage[toml]` is asked for. Say
    whether anything needs something.
    """
    listed = entries(locked)
    lines = []
    for one in listed:
        requires = [f"{other.name}[{EXTRA}]" for other in listed if one.name in other.via]
        digest = wheel(index, one.name, one.version, requires)
        wheel(index, one.name, f"{10**9}", requires)
        lines.append(f"{one.name}{one.extras}=={one.version} {one.marker} --hash=sha256:{digest}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return any(one.via for one in listed)


def environment(index: Path) -> dict[str, str]:
    """Return the environment of a pip that knows this index and no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.as_uri()}


def would_install(locked: Path, index: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let pip say what it would install."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--disable-pip-version-check"]
    return subprocess.run(
        [*command, *options, "-r", str(locked)],
        env=environment(index),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
