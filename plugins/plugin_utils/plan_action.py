"""What the actions that plan have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from .console.difference import difference
from .kube.client import KubeClient
from .plain_action import PlainAction
from .release.credentials import FILE
from .release.planning import Asked, ReleasePlan, plan_release
from .target.rendering import Folder, render
from .target.stages import Stages
from .target.variables import Target

Object = dict[str, Any]

# The lists of the roles' templates.
TEMPLATES = ("__secret_templates", "__workload_templates")
# The Secret is for its owner alone, and is never shown.
SECRET, OTHER = 0o600, 0o640


class PlanAction(PlainAction):
    """Read what is wanted, render it, and have the cluster compare it with what is there."""

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The plan. It holds passwords, so Ansible shows it at no verbosity."""
        self.arguments = arguments
        self.target = Target(self.variables, self._templar)
        self.stages = Stages.of_run(
            self.target["stages"],
            self.variables["ansible_run_tags"],
            self.variables["ansible_skip_tags"],
            self._task.check_mode,
        )
        return self.planned() | {"_ansible_no_log": True}

    def planned(self) -> Object:
        """The action's own part: the plan, or a UserError."""
        raise NotImplementedError

    def _render(self, plan: Object) -> bool:
        """Render the manifests into the plan; where they are to be deployed, write them. Whether a file differs."""
        templates = [Path(str(path)) for name in TEMPLATES for path in self._value(name)]
        texts = render(self._templar, self.variables | {"app_plan": plan}, templates)
        plan["manifests"] = list(texts.values())
        # An image that is yet to be built has no digest yet.
        if not self.stages.any_of("deploy") or not all(image["present"] for image in plan["images"]):
            return False
        folder = Folder(Path(str(self.target["manifests_dir"])).expanduser())
        secret = folder.differing({name: text for name, text in texts.items() if name == FILE}, SECRET)
        others = folder.differing({name: text for name, text in texts.items() if name != FILE}, OTHER)
        if (secret or others) and not self.stages.check_mode:
            folder.write(secret + others)
        if self._task.diff:
            self._show(one.shown() for one in others)
        return bool(secret or others)

    def _released(self, client: KubeClient, plan: Object, hold_to: str, save: str = "") -> ReleasePlan:
        asked = Asked(
            namespace=str(self.target["namespace"]),
            name=str(self.target["name"]),
            manifests=plan["manifests"],
            apis=plan["cluster"]["apis"],
            images=plan["images"],
            prune_limit=int(self._value("workload_prune_limit")),
            hold_to=hold_to,
            save=save,
        )
        return plan_release(client, asked, self.stages.check_mode)

    def _show(self, changes: Iterable[Mapping[str, str]]) -> None:
        if text := difference(changes):
            Display().display(text)

    def _value(self, name: str) -> Any:
        return self._templar.template(self.variables[name])

    def _cluster_named(self) -> tuple[str, str]:
        return str(self.target["kubeconfig"]), str(self.target["context"])

    def _secret_path(self) -> str:
        return f"/api/v1/namespaces/{self.target['namespace']}/secrets/{self.target['name']}"
