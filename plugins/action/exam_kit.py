"""Put the exam's deliverables and their proof into one zip. See plugins/modules/exam_kit.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.build.build_context import BadContext
from ..plugin_utils.errors import UserError
from ..plugin_utils.evidence.zip_kit import context_files, folder_files, write_zip
from ..plugin_utils.plain_action import PlainAction

DELIVERABLES = ("my-secret-eval.yml", "my-deployment-eval.yml", "my-service-eval.yml", "my-ingress-eval.yml")


class NotPacked(UserError):
    """Something of the kit is missing, or cannot be read or written."""


class ActionModule(PlainAction):
    """The action `exam_kit`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "dest": {"type": "path", "required": True},
        "rendered": {"type": "path", "required": True},
        "main": {"type": "path", "required": True},
        "contexts": {"type": "dict", "default": {}},
        "dockerfiles": {"type": "dict", "default": {}},
        "proof": {"type": "path"},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Collect the files, refuse when one is missing, write the zip when it is another."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        try:
            return pack(arguments)
        except BadContext as error:
            raise NotPacked(f"The kit cannot be packed: {error}.") from error
        except OSError as error:
            raise NotPacked(f"The kit cannot be written to {arguments['dest']}: {error} (exam_dir).") from error


def pack(arguments: dict[str, Any]) -> dict[str, Any]:
    """Write the zip; it is no change when it holds what it held."""
    rendered = Path(arguments["rendered"])
    main = Path(arguments["main"]).expanduser()
    files = [("README.md", rendered / "README.md")]
    files += [(main.name, main.resolve())] if main.is_file() else []
    files += [(name, rendered / name) for name in DELIVERABLES]
    for folder, context in sorted(arguments["contexts"].items()):
        files += context_files(Path(context).expanduser(), folder, arguments["dockerfiles"].get(folder, "Dockerfile"))
    if arguments["proof"]:
        # The newest one has a name that is a link.
        files += folder_files(Path(arguments["proof"]).resolve(), "proof")
    lacking = [str(path) for _, path in files if not (path.is_symlink() or path.is_file())]
    if lacking:
        raise NotPacked(f"The kit lacks {', '.join(lacking)}: run playbooks/exam.yml as a whole.")
    target = Path(arguments["dest"])
    before = target.read_bytes() if target.is_file() else b""
    names = write_zip(target, files)
    Display().display(f"  Kit: {target} ({len(names)} files)")
    return {"changed": target.read_bytes() != before, "path": str(target), "files": names}
