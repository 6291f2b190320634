"""Check what is wanted of a target, and whom it is wanted from. See plugins/modules/check_target.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..module_utils.cluster_check import check_cluster
from ..module_utils.image_reference import BadReference, split_registry
from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_errors import KubeError
from ..module_utils.registry_client import RegistryError
from ..module_utils.registry_credentials import CredentialsError
from ..module_utils.registry_session import CREDENTIALS_SPEC, open_registry
from ..module_utils.role_arguments import WrongArguments, wrong_names, wrong_values
from ..module_utils.target_rules import find_problems
from ..plugin_utils.kube_action import CLUSTER_ARGUMENTS
from ..plugin_utils.plain_action import PlainAction


class ActionModule(PlainAction):
    """Name everything that is wrong with a target's variables; then ask its registry and its cluster."""

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (
        WrongArguments,
        BadReference,
        RegistryError,
        CredentialsError,
        KubeError,
    )
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "target": {"type": "dict", "required": True, "no_log": True},
        "roles": {"type": "dict", "default": {}},
        "registry": {
            "type": "dict",
            "options": {"registry": {"type": "str", "required": True}, **CREDENTIALS_SPEC},
        },
        "cluster": {
            "type": "dict",
            "options": {
                "namespace": {"type": "str", "default": ""},
                "namespace_create": {"type": "bool", "default": True},
                "ingress_class": {"type": "str", "default": ""},
                **CLUSTER_ARGUMENTS,
            },
        },
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fail with one line for each problem; nothing is asked for a target whose variables are wrong."""
        self._names_and_types(arguments["roles"])
        self._embedded(arguments)
        if problems := find_problems({name.removeprefix("app_"): value for name, value in arguments["target"].items()}):
            raise WrongArguments("\n".join(problems))
        if asked := arguments["registry"]:
            open_registry(split_registry(asked["registry"])[0], asked).ping()
        return {"cluster": self._cluster(arguments["cluster"])}

    def _embedded(self, arguments: dict[str, Any]) -> None:
        """A platform that is down has many faces: a file, a port, a socket that is not there. Say it once."""
        kubeconfig = (arguments["cluster"] or {}).get("kubeconfig")
        if kubeconfig and "embedded" in self.variables.get("group_names", []) and not Path(kubeconfig).exists():
            raise WrongArguments(
                f"The embedded platform is not up ({kubeconfig} is not there): bring it up with `make deploy` or "
                "`ansible-playbook site.yml --tags platform` (--check does not)"
            )

    def _names_and_types(self, roles: dict[str, list[str] | None]) -> None:
        variables = self.variables
        folder = Path(str(variables["role_path"])).parent if roles else Path()
        found = [line for name, facts in roles.items() for line in wrong_names(folder / name, variables, facts or [])]
        if not found:
            evaluate = self._templar.template
            found = [line for name in roles for line in wrong_values(folder / name, variables, evaluate)]
        if found:
            raise WrongArguments("; ".join(found))

    def _cluster(self, asked: dict[str, Any] | None) -> dict[str, Any]:
        if not asked:
            return {}
        with KubeClient.from_kubeconfig(asked["kubeconfig"], asked["context"]) as client:
            return check_cluster(client, asked["namespace"], asked["namespace_create"], asked["ingress_class"])
