"""What the actions share is given once a play: the groups name all actions that take it, and every play gives it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GROUPS: dict[str, list[str]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
MAPPED: dict[str, Any] = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
# Each asks, beside a target, what is none: a container on this machine, or an image of the platform.
ELSEWHERE = {"deployment": {"endpoints_wait"}, "registry": {"publish_images"}}


def arguments(action: str) -> set[str]:
    kind = importlib.import_module(f"ansible_collections.fastapi_mysql.k8s.plugins.action.{action}").ActionModule
    return set(getattr(kind, "SHARED", {}) | getattr(kind, "ARGUMENTS", {}))


ACTIONS = {path.stem: arguments(path.stem) for path in sorted((ROOT / "plugins/action").glob("*.py"))}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_all_the_actions_that_take_what_it_gives(group: str) -> None:
    given = set(MAPPED[f"target_{group}"])
    takes = {action for action, names in ACTIONS.items() if given <= names} - ELSEWHERE.get(group, set())
    assert sorted(GROUPS[group]) == sorted(takes)


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_every_play_for_a_target_gives_it_to_all_groups(playbook: Path) -> None:
    """Without it, an action would look at the cluster that the user's own kubeconfig names."""
    for play in yaml.safe_load(playbook.read_text()):
        if "{name: app" in str(play) or "'name': 'app'" in str(play):
            assert play["module_defaults"] == {
                f"group/fastapi_mysql.k8s.{group}": f"{{{{ target_{group} }}}}" for group in GROUPS
            }
