"""Say what a run would do to the cluster; save that, or hold a run to what was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import yaml
from ansible.utils.display import Display

from ..plugin_utils.kube import deployments as rollout
from ..plugin_utils.kube.changes import redacted
from ..plugin_utils.kube.client import KubeClient, load_documents
from ..plugin_utils.kube.cluster_check import served_apis
from ..plugin_utils.kube.errors import KubeError, one_line
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.release import saved_plan
from ..plugin_utils.release.lease import Lock
from ..plugin_utils.release.plan import Object, Planned, Planner, beyond, described, summary


class ActionModule(KubeAction):
    """The action `manifests_plan`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "manifests": {"type": "list", "elements": "str", "required": True, "no_log": True},
        **DEPLOYMENT_ARGUMENTS,
        "apis": {"type": "list", "elements": "str", "default": []},
        "images": {"type": "list", "elements": "dict", "default": []},
        "prune_limit": {"type": "int", "default": 3},
        "save": {"type": "str", "default": ""},
        "hold_to": {"type": "str", "default": ""},
        "quiet": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Dry-run everything first: one refusal, and nothing is to be applied."""
        apis = arguments["apis"] or served_apis(client)
        planner = Planner(client, arguments["namespace"], arguments["name"], apis)
        planned = planner.plan(parsed(arguments["manifests"]))
        refusal = beyond(planned, arguments["prune_limit"])
        if refusal and not self._task.check_mode:
            raise KubeError(f"{refusal} Nothing was applied.")
        self._files(client, planned, arguments)
        differing = [item for item in planned if item.action != "left"]
        lines = summary(planned, arguments["images"])
        lines += [f"  ! an apply is refused: {refusal}"] if refusal else []
        if (differing or self._task.check_mode) and not arguments["quiet"]:
            Display().display("\n".join(["", *lines, ""]))
        elif not arguments["quiet"]:
            # Why something is not as it was asked for is told even when there is nothing to do.
            for item in planned:
                for note in item.notes:
                    Display().display(f"{item.title}: {note}")
        result: dict[str, Any] = {
            # What applies follows as tasks of its own; only when those are left out is this the change.
            "changed": bool(differing) and self._task.check_mode,
            "differs": bool(differing),
            "objects": described(planned),
            "summary": lines,
            "to_apply": [stripped(item.manifest) for item in differing if applies(item)],
            "to_replace": [stripped(item.whole or item.manifest) for item in differing if item.as_whole],
            "to_delete": [named(item.manifest, "uid") for item in differing if item.action == "delete"],
            **self._rollout(client, planned, arguments),
        }
        place = (arguments["namespace"], arguments["name"])
        # What differs, or is not up, sends the run through the whole of the release anyway.
        settled = result["rolled_out"] and not differing and not self._task.check_mode
        result["interrupted"] = settled and Lock(client, *place, {}).abandoned()
        if self._task.diff and differing:
            result["diff"] = [shown(item) for item in differing]
        return result

    def _files(self, client: KubeClient, planned: list[Planned], arguments: dict[str, Any]) -> None:
        """Compare with the plan that the run is to be held to; save this one."""
        where = (client.cluster.server, arguments["namespace"])
        if arguments["hold_to"]:
            path = Path(arguments["hold_to"]).expanduser()
            saved = saved_plan.load(path)
            now = saved_plan.snapshot(planned, arguments["images"], *where, salt=saved["salt"])
            moved = saved_plan.moved_sources(saved, arguments["images"]) + saved_plan.moved_cluster(saved, now)
            saved_plan.refuse(path, moved)
        if arguments["save"]:
            path = Path(arguments["save"]).expanduser()
            saved_plan.save(path, saved_plan.snapshot(planned, arguments["images"], *where))

    def _rollout(self, client: KubeClient, planned: list[Planned], arguments: dict[str, Any]) -> dict[str, Any]:
        """Whether what is wanted of the Deployment already runs, and in which Pods."""
        for item in planned:
            if (item.kind, item.name) == ("Deployment", arguments["name"]) and item.live:
                selector = ",".join(
                    f"{key}={value}" for key, value in item.live["spec"]["selector"]["matchLabels"].items()
                )
                listed = client.get(f"/api/v1/namespaces/{arguments['namespace']}/pods", labelSelector=selector)
                pods = rollout.pod_summary(rollout.standing(listed.get("items") or []))
                return {"rolled_out": item.action == "left" and not rollout.unfinished(item.live), "pods": pods}
        return {"rolled_out": False, "pods": []}


def applies(item: Planned) -> bool:
    """Whether a server-side apply does it."""
    return item.action in ("create", "change") and not item.as_whole


def named(document: Object, *more: str) -> Object:
    """What it takes to find an object."""
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": {
            key: document["metadata"][key] for key in ("name", "namespace", *more) if key in document["metadata"]
        },
    }


def stripped(document: Object) -> Object:
    """The manifest; of a Secret its name only, for a result is printed with `-v`."""
    return named(document) if document["kind"] == "Secret" else document


def shown(item: Planned) -> dict[str, str]:
    """Before and after, for `--diff`; a Secret shows which keys differ, never a value."""
    before, after = item.before, item.after
    if item.kind == "Secret":
        before, after = redacted(before, None), redacted(after, before)
    return {
        "before_header": f"{item.title} (cluster)",
        "after_header": f"{item.title} (wanted)",
        "before": _yaml(before),
        "after": _yaml(after),
    }


def _yaml(document: Object | None) -> str:
    return "" if document is None else yaml.safe_dump(document, sort_keys=True, allow_unicode=True)


def parsed(texts: list[str]) -> list[Object]:
    """The documents of all rendered files, in order."""
    documents: list[Object] = []
    for text in texts:
        try:
            documents.extend(load_documents(text))
        except yaml.YAMLError as error:
            raise KubeError(f"A rendered manifest is not YAML: {one_line(str(error), 200)}") from error
    for document in documents:
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise KubeError("A rendered manifest has no apiVersion, kind or metadata.")
    return documents
