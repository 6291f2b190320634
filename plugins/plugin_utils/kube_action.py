"""What the actions that talk to Kubernetes have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_errors import KubeError

CLUSTER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "str", "default": ""},
    "context": {"type": "str", "default": ""},
}


class KubeAction(ActionBase):
    """Check the arguments, connect, do the work; every known error is one line for a person."""

    _supports_check_mode = True
    _requires_connection = False
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What Ansible calls."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(argument_spec=CLUSTER_ARGUMENTS | self.ARGUMENTS)
        try:
            with KubeClient.from_kubeconfig(arguments["kubeconfig"], arguments["context"]) as client:
                result.update(self.work(client, arguments))
        except KubeError as error:
            result.update(failed=True, msg=str(error))
        return result

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """The action's own part: its result, or a KubeError."""
        raise NotImplementedError
