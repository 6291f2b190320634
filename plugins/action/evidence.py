"""Collect and write down what proves a deployment. See plugins/modules/evidence.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.diagnostics.failures import told_by
from ..plugin_utils.evidence import folder as folders
from ..plugin_utils.evidence.freshness import still_true
from ..plugin_utils.evidence.verdict import PASSED
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, USERS_ARGUMENTS, KubeAction
from ..plugin_utils.registry.session import CREDENTIALS_SPEC


class ActionModule(KubeAction):
    """The action `evidence`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "dest": {"type": "path", "required": True},
        "templates": {"type": "path", "required": True},
        "target": {"type": "str", "required": True},
        **DEPLOYMENT_ARGUMENTS,
        **USERS_ARGUMENTS,
        "manifests_dir": {"type": "path", "required": True},
        "source_dir": {"type": "path", "required": True},
        "inventory": {"type": "list", "elements": "str", "default": []},
        "registry": {"type": "str", "default": ""},
        "samples": {"type": "int", "default": 7},
        # An Ingress controller needs a moment to forget the Pods of the version before (Traefik: two seconds).
        "patience": {"type": "int", "default": 5},
        # What this run has verified: of it, what is sent once.
        "verified": {"type": "list", "elements": "dict", "default": []},
        "only_new": {"type": "bool", "default": False},
        "rollout": {"type": "dict", "default": {}},
        # What has failed, in the rescue of a run.
        "failed_task": {"type": "str", "default": ""},
        "failed_result": {"type": "dict", "default": {}},
        **CREDENTIALS_SPEC,
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Whatever becomes of the evidence: a run that has failed is told as it failed."""
        if not arguments["failed_result"]:
            return super().perform(arguments)
        told: dict[str, Any] = {"changed": False, "failed": True, "msg": told_by(arguments["failed_result"])}
        told["failed_task"] = arguments["failed_task"]
        try:
            return told if self._task.check_mode else super().perform(arguments)
        except KubeError as error:
            return told | {"msg": f"{told['msg']} No evidence of it could be written: {error}"}

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read, ask, judge and write; the target itself stays as it is."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        folder = Path(arguments["dest"]) / arguments["target"]
        before = folders.previous(folder)
        if arguments["only_new"] and before and still_true(before[1], client, arguments):
            return {"changed": False, "new": False, "path": str(folder / before[0]), "verdict": PASSED}
        # Only now: what writes takes as long to load as all that came before.
        from ..plugin_utils.evidence.writer import write

        return write(client, arguments, folder, before)
