"""Put the exam's deliverables and their proof into one zip. See plugins/modules/exam_kit.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.build.build_context import BadContext
from ..plugin_utils.evidence.zip_kit import context_files, folder_files, write_zip

DELIVERABLES = ("my-secret-eval.yml", "my-deployment-eval.yml", "my-service-eval.yml", "my-ingress-eval.yml")


class ActionModule(ActionBase):
    """The action `exam_kit`."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Collect the files, refuse when one is missing, write the zip when it is another."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "dest": {"type": "path", "required": True},
                "rendered": {"type": "path", "required": True},
                "main": {"type": "path", "required": True},
                "contexts": {"type": "dict", "default": {}},
                "proof": {"type": "path"},
            }
        )
        if self._task.check_mode:
            result.update(changed=False, skipped=True)
            return result
        try:
            result.update(pack(arguments))
        except BadContext as error:
            result.update(failed=True, msg=f"The kit cannot be packed: {error}.")
        except OSError as error:
            result.update(failed=True, msg=f"The kit cannot be written to {arguments['dest']}: {error} (exam_dir).")
        return result


def pack(arguments: dict[str, Any]) -> dict[str, Any]:
    """Write the zip; it is no change when it holds what it held."""
    rendered = Path(arguments["rendered"])
    main = Path(arguments["main"]).expanduser()
    files = [("README.md", rendered / "README.md")]
    files += [(main.name, main.resolve())] if main.is_file() else []
    files += [(name, rendered / name) for name in DELIVERABLES]
    for folder, context in sorted(arguments["contexts"].items()):
        files += context_files(Path(context).expanduser(), folder)
    if arguments["proof"]:
        # The newest one has a name that is a link.
        files += folder_files(Path(arguments["proof"]).resolve(), "proof")
    lacking = [str(path) for _, path in files if not (path.is_symlink() or path.is_file())]
    if lacking:
        return {"failed": True, "msg": f"The kit lacks {', '.join(lacking)}: run playbooks/exam.yml as a whole."}
    target = Path(arguments["dest"])
    before = target.read_bytes() if target.is_file() else b""
    names = write_zip(target, files)
    Display().display(f"  Kit: {target} ({len(names)} files)")
    return {"changed": target.read_bytes() != before, "path": str(target), "files": names}
