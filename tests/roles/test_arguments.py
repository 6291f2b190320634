"""Every role says what it takes: argument_specs and defaults name the same variables and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "roles"
WITH_TASKS = sorted(folder.parent for folder in ROLES.glob("*/tasks"))


def load(path: Path) -> Any:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def options(role: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get(
        "options", {}
    )
    return found


@pytest.fixture(params=WITH_TASKS, ids=[role.name for role in WITH_TASKS])
def role(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


def test_defaults_equal_the_specification(role: Path) -> None:
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert load(role / "defaults/main.yml") == specified


def test_an_option_without_a_default_is_required(role: Path) -> None:
    # A secret may be required by the role's own check instead, which can say how to give it.
    bare = {name for name, option in options(role).items() if "default" not in option}
    assert {
        name for name in bare if not options(role)[name].get("required") and not options(role)[name].get("no_log")
    } == set()


def test_every_option_is_described_and_typed(role: Path) -> None:
    for name, option in options(role).items():
        assert option.get("type"), name
        assert str(option.get("description", "")).rstrip(")").endswith("."), name


def test_names_carry_the_prefix_of_their_role(role: Path) -> None:
    internal = f"__{role.name}_"
    assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []
    assert [name for name in load(role / "vars/main.yml") if not name.startswith(internal)] == []


def test_unknown_variables_are_refused_first(role: Path) -> None:
    # The role app asks for those of all roles that follow it.
    if role.name in load(ROLES / "app/tasks/plan.yml")[0]["fastapi_mysql.k8s.plan"]["roles"]:
        return
    first = load(role / "tasks/main.yml")[0]
    if "ansible.builtin.import_tasks" in first:
        first = load(role / "tasks" / first["ansible.builtin.import_tasks"])[0]
    assert "fastapi_mysql.k8s.check_arguments" in first


def test_the_platform_is_described_once() -> None:
    """What the ground of the platform and one of its parts both take, the playbook passes on from the ground."""
    mapped = load(ROOT / "playbooks/group_vars/embedded.yml")
    ground = {name.removeprefix("platform_base_") for name in options(ROLES / "platform_base")} - {"packages", "owner"}
    for part in (
        folder for folder in WITH_TASKS if folder.name.startswith("platform_") and folder.name != "platform_base"
    ):
        common = {name for name in options(part) if name.removeprefix(f"{part.name}_") in ground}
        assert common - mapped.keys() == set()


@pytest.mark.parametrize("playbook", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_playbooks_set_what_the_roles_take(playbook: Path) -> None:
    choices = {
        name: option["choices"] for role in WITH_TASKS for name, option in options(role).items() if "choices" in option
    }
    given = [item for play in load(playbook) for item in (play.get("vars") or {}).items()]
    # A template is not known before the run.
    fixed = [(name, value) for name, value in given if name in choices and "{{" not in str(value)]
    for name, value in fixed:
        assert set(value if isinstance(value, list) else [value]) <= set(choices[name]), name
