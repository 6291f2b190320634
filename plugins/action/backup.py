"""Write the database of a target into a file. See plugins/modules/backup.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.backup import archive, server
from ..plugin_utils.errors import UserError
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction

# Documented by the fragment `backup`.
BACKUP_ARGUMENTS: dict[str, dict[str, Any]] = {
    "file": {"type": "path", "required": True},
    "db_mode": {"type": "str", "required": True},
    "database": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 900},
}


class ActionModule(KubeAction):
    """The action `backup`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {**DEPLOYMENT_ARGUMENTS, **BACKUP_ARGUMENTS}

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Dump it; nothing is left of what is not whole."""
        source = server.of_target(client, arguments, arguments["timeout"])
        file = path_of(arguments["file"])
        if self._task.check_mode:
            return {"changed": True, "file": str(file)}
        content = saved(source, file)
        Display().display(f"{file} holds {source.database}: {content.size} bytes of SQL, SHA-256 {content.digest}")
        return {"changed": True, "file": str(file)} | vars(content)


def path_of(name: str) -> Path:
    """Where the backup is. Raises UserError for no name."""
    if not name:
        raise UserError("Which file? make backup FILE=notes.sql.gz, make restore FILE=notes.sql.gz.")
    return Path(name).absolute()


def saved(source: server.Server, file: Path) -> archive.Content:
    """Dump the database into a file. Raises UserError and KubeError."""
    written = archive.Writer(file)
    try:
        for piece in source.dump():
            written.add(piece)
        return written.finish()
    except OSError as error:
        raise UserError(f"The backup {file} cannot be written: {error.strerror}.") from error
    finally:
        written.abandon()
