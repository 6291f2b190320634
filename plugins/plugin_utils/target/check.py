"""What is wrong with the variables of a target, found before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.template import Templar

from ..kube.config import is_missing
from ..verify.endpoint_rules import find_endpoint_problems
from ..verify.request_rules import authorities_problem
from .ingress_rules import find_unrouted, host_problem
from .role_arguments import WrongArguments, wrong_names, wrong_values
from .rules import find_problems
from .variables import Target

ENDPOINTS = "verify_endpoints"


def check_names_and_types(
    variables: Mapping[str, Any], templar: Templar, roles: Path, provided: Mapping[str, list[str] | None]
) -> None:
    """Refuse names with the prefix of a role that it does not know, and values of another type than it takes.

    `provided` has the roles by name, each with the names that it sets itself. Raises WrongArguments.
    """
    found = [line for name, facts in provided.items() for line in wrong_names(roles / name, variables, facts or [])]
    if not found:
        # What is a template is looked at when its role runs: here most of them stand for app_*.
        # Endpoints are looked at below, with words that name the endpoint.
        plain = {name: one for name, one in variables.items() if name != ENDPOINTS and not templar.is_template(one)}
        found = [line for name in provided for line in wrong_values(roles / name, plain)]
    if found:
        raise WrongArguments("; ".join(found))


def check_values(target: Target, verify: Mapping[str, Any], roles: Path) -> None:
    """Refuse values that cannot be right, one line for each. Raises WrongArguments.

    `verify` has `verify_host`, `verify_ca_file` and `verify_endpoints`: a release is not the time to find out.
    """
    problems = find_problems(target)
    problems += [line for line in [host_problem("verify_host", str(verify.get("verify_host", "")))] if line]
    problems += [line for line in [authorities_problem(str(verify.get("verify_ca_file") or ""))] if line]
    if ENDPOINTS in verify:
        wrong = find_endpoint_problems(verify[ENDPOINTS]) or wrong_values(roles / "verify", verify)
        problems += wrong or find_unrouted(target, verify[ENDPOINTS])
    if problems:
        raise WrongArguments("\n".join(problems))


def check_embedded(target: Target, groups: list[str]) -> None:
    """Refuse a platform that is down. It has many faces, a file, a port, a socket that is not there: say it once."""
    kubeconfig = str(target["kubeconfig"])
    if kubeconfig and "embedded" in groups and is_missing(Path(kubeconfig)):
        raise WrongArguments(
            f"The platform is not up ({kubeconfig} is not there): bring it up with `make deploy` or "
            "`ansible-playbook site.yml --tags platform` (--check does not)"
        )
