"""Who looks after the replicas of a Deployment."""

from __future__ import annotations

from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, NotFoundError
from ..kube.kinds import collection

Object = dict[str, Any]


def scalers(client: KubeClient, namespace: str) -> list[Object]:
    """Everybody's autoscalers in the namespace; none for an account that may not see them.

    Every cluster serves them as v1, whatever they were written as; a KEDA ScaledObject makes one, too.
    """
    try:
        found = client.get(collection("autoscaling/v1", "HorizontalPodAutoscaler", namespace))
        return list(found.get("items") or [])
    except (ForbiddenError, NotFoundError):
        return []
