"""What the actions that talk to Kubernetes have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from .kube.client import KubeClient
from .plain_action import PlainAction
from .run_cluster import connected

# Documented by the fragment `cluster`.
CLUSTER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "kubeconfig": {"type": "str", "default": ""},
    "context": {"type": "str", "default": ""},
}
# Documented by the fragment `deployment`.
DEPLOYMENT_ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
}
# Documented by the fragment `users`.
USERS_ARGUMENTS: dict[str, dict[str, Any]] = {
    "base_url": {"type": "str", "required": True},
    "host": {"type": "str", "default": ""},
    "validate_certs": {"type": "bool", "default": True},
    "ca_file": {"type": "path", "default": ""},
    "endpoints": {"type": "list", "elements": "dict", "default": []},
}


class KubeAction(PlainAction):
    """Check the arguments, connect, do the work; every known error is one line for a person."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CLUSTER_ARGUMENTS

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Connect, and drop the connection whatever happens."""
        with connected(arguments["kubeconfig"], arguments["context"]) as client:
            return self.work(client, arguments)

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """The action's own part: its result, or a KubeError."""
        raise NotImplementedError
