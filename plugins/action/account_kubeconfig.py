"""Keep a kubeconfig for a service account. See plugins/modules/account_kubeconfig.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import NotFoundError
from ..plugin_utils.kube_action import KubeAction
from ..plugin_utils.tenancy import deployer


class ActionModule(KubeAction):
    """The action `account_kubeconfig`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "namespace": {"type": "str", "required": True},
        "account": {"type": "str", "required": True},
        "dest": {"type": "path", "required": True},
        "seconds": {"type": "int", "default": 2592000},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """The token goes from the cluster into the file, and nowhere else."""
        path = Path(arguments["dest"]).expanduser()
        dry = bool(self._task.check_mode)
        try:
            account = deployer.find(client, arguments["namespace"], arguments["account"])
        except NotFoundError:
            if not dry:
                raise
            # It is made by the task before, which has only pretended to.
            return {"changed": True, "path": str(path)}
        changed = deployer.bring_about(client, account, path, arguments["seconds"], dry)
        return {"changed": changed, "path": str(path)}
