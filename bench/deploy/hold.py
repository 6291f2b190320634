#!/usr/bin/env python3
"""Measure what it costs to hold a rollout until its first Pod has given the right response, beside the same without.

Interleaved on the platform: ten releases each of three Pods that are ready a second after their start. Prints
the medians and their ratio; removes what it has made.
"""

from __future__ import annotations

import statistics
import time
from typing import Any
from unittest.mock import patch

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import APPLY, KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.managed_fields import MANAGER
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.hold import Hold
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.watch import Rollout

from approaches import BASE_IMAGE, KUBECONFIG

NAMESPACE, NAME = "bench-hold", "fast"
ROUNDS = 10
ENDPOINTS = [{"path": "/hostname", "status": 200}]
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER = {
    "name": "api",
    "image": BASE_IMAGE,
    "command": ["python3", "-m", "http.server", "8000", "--directory", "/etc"],
    "ports": [{"name": "http", "containerPort": 8000}],
    "readinessProbe": {"httpGet": {"path": "/hostname", "port": 8000}, "periodSeconds": 1},
    "securityContext": RESTRICTED,
}
IDS = {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001, "supplementalGroups": [10001]}


def deployment(version: str) -> dict[str, Any]:
    """Three Pods, replaced one after the other."""
    labels = {"app": NAME}
    pod = {"terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False, "securityContext": IDS}
    template = {"metadata": {"labels": labels, "annotations": {"version": version}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template | {"spec": pod | {"containers": [CONTAINER]}},
        },
    }


def release(client: KubeClient, version: str) -> float:
    """Seconds from the apply to the end of the rollout."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
    began = time.monotonic()
    client.request("PATCH", path, {"fieldManager": MANAGER, "force": "true"}, deployment(version), APPLY)
    lines: list[str] = []
    Rollout(client, NAMESPACE, NAME, None, lines.append, ENDPOINTS).wait(120)
    return time.monotonic() - began


def main() -> None:
    """Measure, print, remove."""
    client = KubeClient.from_kubeconfig(KUBECONFIG)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    client.request("POST", "/api/v1/namespaces", body=space)
    took: dict[str, list[float]] = {"held": [], "not held": []}
    try:
        release(client, "first")
        for number in range(ROUNDS):
            for how in sorted(took, reverse=bool(number % 2)):
                # The Pods of the release before are to be gone.
                time.sleep(1.5)
                with patch.object(Hold, "keep", Hold.keep if how == "held" else lambda *_: None):
                    took[how].append(release(client, f"{number} {how}"))
    finally:
        client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    medians = {how: statistics.median(seconds) for how, seconds in took.items()}
    for how, seconds in took.items():
        print(f"{how:<9} {medians[how]:5.2f} s  ({min(seconds):.2f} to {max(seconds):.2f} s)")
    print(f"ratio     {medians['held'] / medians['not held']:5.2f}")


if __name__ == "__main__":
    main()
