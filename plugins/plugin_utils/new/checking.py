"""Whether what was written can be right: read as Ansible reads it, by the rules of the plan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

from ..errors import UserError
from ..target.check import check_names_and_types, check_values
from ..target.rules import find_problems
from ..target.variables import Target
from .questions import Answers


class BadAnswer(UserError, ValueError):
    """Values that cannot be right, one line for each."""


# What an answer is called among the variables of a target.
_VARIABLES = {
    "app_name": "new_name",
    "app_api_port": "new_port",
    "app_api_readiness_path": "new_readiness_path",
    "app_api_liveness_path": "new_liveness_path",
    "app_ingress_host": "new_ingress_host",
    "app_base_url": "new_base_url",
    "app_registry": "new_registry",
}


def check_answers(answers: Answers, inventory: str, defaults: dict[str, Any]) -> None:
    """Before anything is written. Raises BadAnswer."""
    values = {name.removeprefix("app_"): value for name, value in defaults.items()} | {
        "name": answers.name,
        "api_port": answers.port,
        "api_readiness_path": answers.readiness_path,
        "api_liveness_path": answers.liveness_path,
        "ingress_host": answers.ingress_host,
        "base_url": answers.base_url,
        "registry": answers.registry or "localhost",
        "manifests_dir": "manifests",
        "db_enabled": False,
    }
    found = [problem for problem in find_problems(values) if problem.split()[0].rstrip(":") in _VARIABLES]
    problems = [re.sub(r"^app_\w+", lambda name: _VARIABLES[name[0]], problem) for problem in found]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", inventory):
        problems.append(f"new_inventory is '{inventory}': it must be the name of a folder")
    if problems:
        raise BadAnswer("\n".join(problems))


def left_to_do(inventory: Path, roles: Path, templar: Any) -> list[str]:
    """What the plan would refuse of the inventory that was written, a line each."""
    loader = DataLoader()
    hosts = InventoryManager(loader=loader, sources=[str(inventory)])
    manager = VariableManager(loader=loader, inventory=hosts)
    [host] = hosts.get_hosts()
    defaults = role_defaults(roles / "app")
    variables = defaults | manager.get_vars(host=host)
    known = templar.copy_with_new_env(available_variables=variables)
    try:
        names = ("app", "verify", "workload", "evidence", "image", "release")
        check_names_and_types(variables, known, roles, dict.fromkeys(names, None))
        endpoints = known.template(variables["verify_endpoints"])
        check_values(Target(variables, known), {"verify_endpoints": endpoints}, roles)
    except UserError as error:
        return str(error).splitlines()
    return []


def role_defaults(role: Path) -> dict[str, Any]:
    """The defaults of a role, its templates as such."""
    found: dict[str, Any] = DataLoader().load_from_file(str(role / "defaults/main.yml"), trusted_as_template=True)
    return found
