"""Compare rendered manifests with the cluster and say which of them have to be applied."""

from __future__ import annotations

from typing import Any, ClassVar

import yaml

from ..module_utils.kube_client import KubeClient, load_documents
from ..module_utils.kube_errors import KubeError, one_line
from ..module_utils.kube_objects import Manifest, compare_all, difference
from ..plugin_utils.kube_action import KubeAction


class ActionModule(KubeAction):
    """The action `manifests_state`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "manifests": {"type": "list", "elements": "str", "required": True},
        "sensitive": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Dry-run everything first: one refusal, and nothing is to be applied."""
        compared = compare_all(client, parsed(arguments["manifests"]))
        differing = [item for item in compared if item.state != "same"]
        by_apply = [item.manifest for item in differing if not item.as_whole]
        as_whole = [item.replacement or item.manifest for item in differing if item.as_whole]
        if arguments["sensitive"]:
            # A result is printed with `-v`.
            by_apply, as_whole = ([{"kind": document["kind"]} for document in some] for some in (by_apply, as_whole))
        # What is to be applied follows as a task of its own; only when that is skipped is this the change.
        result: dict[str, Any] = {
            "changed": bool(differing) and self._task.check_mode,
            "states": {item.title: item.state for item in compared},
            "to_apply": by_apply,
            "to_replace": as_whole,
        }
        if self._task.diff and differing:
            result["diff"] = [difference(item) for item in differing]
        return result


def parsed(texts: list[str]) -> list[Manifest]:
    """The documents of all rendered files, in order."""
    documents: list[Manifest] = []
    for text in texts:
        try:
            documents.extend(load_documents(text))
        except yaml.YAMLError as error:
            raise KubeError(f"A rendered manifest is not YAML: {one_line(str(error), 200)}") from error
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise KubeError("A rendered manifest has no apiVersion, kind or metadata.")
    return documents
