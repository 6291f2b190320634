"""Render manifest templates into a folder: private, atomic, and only what is different."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from ansible.template import trust_as_template

from ..plugin_utils.errors import UserError
from ..plugin_utils.plain_action import PlainAction

FOLDER_MODE = 0o700


class NotWritten(UserError):
    """The files cannot be written; the message says why."""


class ActionModule(PlainAction):
    """The action `render_manifests`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "templates": {"type": "list", "elements": "path", "required": True},
        "dest": {"type": "path", "required": True},
        "mode": {"type": "str", "default": "0640"},
        "sensitive": {"type": "bool", "default": False},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Render all templates first, then write those that differ."""
        templates = [Path(template) for template in arguments["templates"]]
        texts = {template.name.removesuffix(".j2"): self._render(template, self.variables) for template in templates}
        # Of the result alone: why something cannot be written holds no secret, and is to be read.
        hidden = {"_ansible_no_log": arguments["sensitive"]}
        if not arguments["dest"]:
            return hidden | {"changed": False, "files": [], "manifests": list(texts.values())}
        folder, mode = Path(arguments["dest"]), int(arguments["mode"], 8)
        rendered = {folder / name: text for name, text in texts.items()}
        try:
            before = {path: read(path) for path in rendered}
            differing = [path for path, text in rendered.items() if before[path] != text or file_mode(path) != mode]
            if not self._task.check_mode:
                make_folder(folder)
                for path in differing:
                    write(path, rendered[path], mode)
        except OSError as error:
            raise NotWritten(f"The manifests cannot be written to {folder}: {error} (app_manifests_dir).") from error
        return hidden | {
            "changed": bool(differing),
            "files": [str(path) for path in rendered],
            "manifests": list(rendered.values()),
            "diff": [] if arguments["sensitive"] else [shown(path, before[path], rendered[path]) for path in differing],
        }

    def _render(self, template: Path, variables: dict[str, Any]) -> str:
        text = trust_as_template(template.read_text(encoding="utf-8"))
        templar = self._templar.copy_with_new_env(searchpath=[str(template.parent)], available_variables=variables)
        # An included partial ends with the end of its last line, like any other line.
        overrides = {"trim_blocks": True, "keep_trailing_newline": True}
        return str(templar.template(text, escape_backslashes=False, overrides=overrides)).rstrip("\n") + "\n"


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


def make_folder(folder: Path) -> None:
    """The folder, for its owner only, whatever the umask is."""
    folder.mkdir(parents=True, exist_ok=True)
    if file_mode(folder) != FOLDER_MODE:
        folder.chmod(FOLDER_MODE)


def write(path: Path, text: str, mode: int) -> None:
    """Replace the file in one step: nobody ever sees half of it, or it with a wider mode."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def shown(path: Path, before: str | None, after: str) -> dict[str, str]:
    """The change as `--diff` shows it."""
    return {
        "before_header": str(path),
        "after_header": str(path),
        "before": before or "",
        "after": after,
    }
