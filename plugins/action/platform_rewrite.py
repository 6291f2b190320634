"""Have the platform's Kubernetes write its Secrets again. See plugins/modules/platform_rewrite.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import ApiError
from ..plugin_utils.plain_action import PlainAction

# Gone, or changed by somebody else meanwhile: then it was written with the new key anyhow.
OVERTAKEN = (404, 409)


def rewrite(client: KubeClient) -> list[str]:
    """Write every Secret back as it is; namespace/name of those that the API server really wrote."""
    found = []
    for secret in client.get("/api/v1/secrets").get("items") or []:
        metadata = secret["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/secrets/{metadata['name']}"
        try:
            written = client.request("PUT", path, body={"apiVersion": "v1", "kind": "Secret", **secret})
        except ApiError as error:
            if error.status not in OVERTAKEN:
                raise
            continue
        if written["metadata"]["resourceVersion"] != metadata["resourceVersion"]:
            found.append(f"{metadata['namespace']}/{metadata['name']}")
    return found


class ActionModule(PlainAction):
    """Changes nothing that anybody could see through the API but resource versions."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"kubeconfig": {"type": "path", "required": True}}

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return C(rewritten)."""
        if self._task.check_mode:
            return {"changed": False, "rewritten": []}
        with KubeClient.from_kubeconfig(arguments["kubeconfig"]) as client:
            found = rewrite(client)
        return {"changed": bool(found), "rewritten": found}
