"""Templates, rendered into a folder: private, atomic, and only what is different."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.template import Templar, trust_as_template

from ...module_utils.whole_file import write_whole
from ..errors import UserError
from ..files import cache_folder
from .compiled import Compiled

FOLDER_MODE = 0o700


class NotWritten(UserError):
    """The files cannot be written; the message says why."""


def render(templar: Templar, variables: dict[str, Any], templates: list[Path]) -> dict[str, str]:
    """The text of each template, by the name of its file without `.j2`."""
    folders = {str(template.parent) for template in templates}
    within = {
        folder: templar.copy_with_new_env(searchpath=[folder], available_variables=variables) for folder in folders
    }
    compiled = Compiled(cache_folder())
    for one in within.values():
        # No public way leads to its environment; where this one ends, templates are compiled each time.
        if environment := getattr(getattr(one, "_engine", None), "environment", None):
            environment.bytecode_cache = compiled
    return {
        template.name.removesuffix(".j2"): _rendered(within[str(template.parent)], template) for template in templates
    }


def _rendered(within: Templar, template: Path) -> str:
    # By its name, for only what Jinja loads itself is looked for among those that are compiled.
    text = trust_as_template(f"{{% include {json.dumps(template.name)} %}}")
    # An included partial ends with the end of its last line, like any other line.
    overrides = {"trim_blocks": True, "keep_trailing_newline": True}
    return str(within.template(text, escape_backslashes=False, overrides=overrides)).rstrip("\n") + "\n"


@dataclass(frozen=True)
class Differing:
    """A file that is not as it should be: its text and mode, and the text that it has, None when it is not there."""

    path: Path
    text: str
    mode: int
    before: str | None

    def shown(self) -> dict[str, str]:
        """The change as `--diff` shows it."""
        return {
            "before_header": str(self.path),
            "after_header": str(self.path),
            "before": self.before or "",
            "after": self.text,
        }


@dataclass(frozen=True)
class Folder:
    """A folder of rendered files, for its owner only, whatever the umask is."""

    path: Path

    def differing(self, texts: Mapping[str, str], mode: int) -> list[Differing]:
        """The files whose text or mode is another; raises NotWritten for what cannot be read."""
        try:
            seen = [Differing(self.path / name, text, mode, read(self.path / name)) for name, text in texts.items()]
            return [one for one in seen if one.before != one.text or file_mode(one.path) != mode]
        except OSError as error:
            raise self._refused(error) from error

    def write(self, files: list[Differing]) -> None:
        """Replace each in one step: nobody ever sees half of it, or it with a wider mode; raises NotWritten."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if file_mode(self.path) != FOLDER_MODE:
                self.path.chmod(FOLDER_MODE)
            for one in files:
                write_whole(one.path, one.text, one.mode)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> NotWritten:
        return NotWritten(f"The manifests cannot be written to {self.path}: {error} (app_manifests_dir).")


def read(path: Path) -> str | None:
    """The file's text, None when it is not there."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def file_mode(path: Path) -> int | None:
    """The file's permissions, None when it is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
