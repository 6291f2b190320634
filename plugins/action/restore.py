"""Put a backup in the place of what the database of a target holds. See plugins/modules/restore.py."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.backup import archive, server
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.tenancy.removal import remove
from .backup import BACKUP_ARGUMENTS, path_of, saved

# An API server that is asked for the removal of a few Jobs.
REMOVAL_SECONDS = 60.0


class ActionModule(KubeAction):
    """The action `restore`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {**DEPLOYMENT_ARGUMENTS, **BACKUP_ARGUMENTS}

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Check the file, keep what is there, load beside it, and replace it; each step proved before the next."""
        file = path_of(arguments["file"])
        content = archive.check(file)
        target = server.of_target(client, arguments, arguments["timeout"])
        kept = file.with_name(f"{file.name}.before-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.sql.gz")
        told = {"changed": True, "file": str(file), "kept": str(kept)} | vars(content)
        if self._task.check_mode:
            return told
        saved(target, kept)
        target.stage(archive.read(file, content.size), content)
        target.replace(content, str(kept))
        forget_migrations(client, arguments["namespace"], arguments["name"])
        Display().display(
            f"{target.database} holds what {file} does: {content.size} bytes of SQL, SHA-256 {content.digest}\n"
            f"What it held before: {kept}\nmake deploy migrates it, if this version wants that"
        )
        return told


def forget_migrations(client: KubeClient, namespace: str, name: str) -> None:
    """Have the next deployment migrate again: what was restored may be older than what the Jobs have done."""
    found = client.get(
        f"/apis/batch/v1/namespaces/{namespace}/jobs", labelSelector=f"app.kubernetes.io/name={name}-migrate"
    )
    remove(
        client, [item | {"apiVersion": "batch/v1", "kind": "Job"} for item in found.get("items") or []], REMOVAL_SECONDS
    )
