"""The folder of one evidence: its files, what was there before, and that no secret gets into it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..kube.config import load_documents
from ..redaction.mask import HIDDEN, Mask

Object = dict[str, Any]

VERSION = 4
FOLDER = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?")
LATEST = "latest"


class Masker:
    """Replaces secrets wherever they would be shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """What must not be shown."""
        self.mask = Mask(secrets)

    def value(self, value: Any) -> Any:
        """Data without secrets, however deep."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list) else value


def secrets_in(documents: Iterable[Object | None]) -> frozenset[str]:
    """Every value of the Secrets among these objects, as it is and in base64."""
    found: set[str] = set()
    for document in documents:
        if not document or document.get("kind") != "Secret":
            continue
        found |= {str(value) for value in (document.get("stringData") or {}).values()}
        for value in (document.get("data") or {}).values():
            found.add(str(value))
            found.add(base64.b64decode(str(value)).decode("utf-8", "replace"))
    return frozenset(found - {""})


def rendered(folder: Path) -> dict[str, str]:
    """The rendered manifests by name; none when there was no run from here yet."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("my-*.yml"))}


def documents_of(manifests: Iterable[str]) -> list[Object]:
    """All documents in these files."""
    return [one for text in manifests for one in load_documents(text) if isinstance(one, dict)]


def masked_manifest(text: str) -> str:
    """A manifest whose Secrets show their keys only, whatever the length of their values."""
    inside = ""
    lines = []
    for line in text.splitlines():
        if line.startswith("---"):
            inside = ""
        elif line and not line.startswith((" ", "#")):
            inside = line.rstrip()
        value = re.match(r"(\s+[^\s#:]+:\s+)\S", line)
        hide = inside in ("data:", "stringData:") and value and is_secret(text)
        lines.append(f"{value[1]}{HIDDEN}" if hide and value else line)
    return "\n".join(lines) + "\n"


def is_secret(text: str) -> bool:
    """Whether one of the documents is a Secret."""
    return re.search(r"^kind: Secret\s*$", text, re.MULTILINE) is not None


def fingerprint(text: str) -> str:
    """What tells two texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()


def previous(folder: Path) -> tuple[str, Object] | None:
    """The newest evidence that is there and can be read: its name and what it says."""
    names = sorted((path.name for path in folder.glob("*") if FOLDER.fullmatch(path.name)), reverse=True)
    for name in names:
        try:
            found = json.loads((folder / name / "evidence.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and found.get("version") == VERSION:
            return name, found
    return None


def write_folder(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Write all files into a folder of that name: private, and whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder, prefix=".new-"))
    for file, text in files.items():
        path = made / file
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_text(text, encoding="utf-8")
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{name}-{number}"
    made.rename(target)
    link = folder / f".{LATEST}-{os.getpid()}"
    link.symlink_to(target.name)
    link.replace(folder / LATEST)
    return target
