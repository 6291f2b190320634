"""Check what is wanted of a target, and whom it is wanted from. See plugins/modules/check_target.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.vault import EncryptedString
from ansible.utils.display import Display

from ..plugin_utils.kube.cluster_check import check_cluster, served_apis
from ..plugin_utils.kube.config import is_missing, load_cluster
from ..plugin_utils.kube.errors import ForbiddenError
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.registry.image_reference import split_registry
from ..plugin_utils.registry.session import CREDENTIALS_SPEC, open_registry
from ..plugin_utils.release.credentials import of_file, of_secret, settle, version_of
from ..plugin_utils.run_cluster import connected, run_kubeconfig
from ..plugin_utils.target.role_arguments import WrongArguments, wrong_names, wrong_values
from ..plugin_utils.target.rules import find_problems, host_problem
from ..plugin_utils.verify.endpoint_rules import find_endpoint_problems


def decrypted(value: Any) -> Any:
    """The value with the text of what Vault has encrypted in it: Ansible's own type for that is no `str`."""
    if isinstance(value, EncryptedString):
        return str(value)
    if isinstance(value, Mapping):
        return {key: decrypted(one) for key, one in value.items()}
    return [decrypted(one) for one in value] if isinstance(value, list) else value


class Target(Mapping[str, Any]):
    """The variables app_* by name, each templated when it is asked for: most are plain, and a template is dear."""

    def __init__(self, variables: Mapping[str, Any], templar: Any) -> None:
        self._raw = {name.removeprefix("app_"): value for name, value in variables.items() if name.startswith("app_")}
        self._templar = templar

    def __getitem__(self, name: str) -> Any:
        value = self._raw[name]
        return decrypted(self._templar.template(value) if self._templar.is_template(value) else value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def stages_of_run(stages: list[str], run_tags: Iterable[str], skip_tags: Iterable[str]) -> set[str]:
    """What the run comes to: what the playbook does, as far as --tags and --skip-tags let it."""
    everything = bool({"all", "tagged"} & set(run_tags))
    return (set(stages) if everything else set(stages) & set(run_tags)) - set(skip_tags)


def builds(target: Mapping[str, Any]) -> bool:
    """Whether any image is built here."""
    return not target["api_image"] or (boolean(target["db_enabled"]) and not target["db_image"])


def settled_for(target: Mapping[str, Any], secret: dict[str, Any] | None) -> dict[str, Any]:
    """The credentials of a target whose Secret is this, and which Secret they were settled from."""
    kept = of_secret(secret, bool(target["db_password"]))
    return settled_from(target, kept) | {"seen": version_of(secret)}


def settled_from(target: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, Any]:
    """The credentials of a target, given what is kept of those before."""
    given, rotated = str(target["db_password"] or ""), boolean(target["db_password_rotated"])
    settled = settle(given, str(target["db_user"]), kept, rotated).handed_on()
    # What no log may show: the ones before are still those of the Pods that run.
    return settled | {"known": sorted({*kept.values(), settled["password"], settled["root_password"]})}


class ActionModule(PlainAction):
    """Name everything that is wrong with a target's variables; then ask its registry and its cluster."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"roles": {"type": "dict", "default": {}}}

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fail with one line for each problem; nobody is asked for a target whose variables are wrong."""
        self._names_and_types(arguments["roles"])
        target = Target(self.variables, self._templar)
        stages = stages_of_run(
            target["stages"], self.variables["ansible_run_tags"], self.variables["ansible_skip_tags"]
        )
        asks_cluster = bool(stages & {"deploy", "rollback", "teardown"})
        if asks_cluster or stages & {"verify", "evidence", "look", "compare", "account"}:
            self._embedded(target)
        if problems := find_problems(target) + self._requests():
            raise WrongArguments("\n".join(problems))
        if stages & {"build", "push", "deploy"} and builds(target):
            self._registry(target)
        if asks_cluster or "account" in stages:
            self._tell(target)
        deploys = "deploy" in stages and boolean(target["db_enabled"])
        cluster: dict[str, Any] = {}
        if asks_cluster:
            cluster = self._cluster(target, str(target["name"]) if deploys else "", "teardown" in stages)
        elif "compare" in stages:
            cluster = self._seen(target)
        credentials = self._credentials(target, cluster)
        # Printed at no verbosity; what fails is told above, and is not hidden.
        return {"cluster": cluster, "credentials": credentials, "_ansible_no_log": True}

    def _credentials(self, target: Target, cluster: dict[str, Any]) -> dict[str, Any]:
        """The cluster's word counts where it was asked; where it was not, what was rendered last from here."""
        asked = "secret" in cluster
        found = cluster.pop("secret", None)
        given = str(target["db_password"] or "")
        if not boolean(target["db_enabled"]):
            return {"password": given, "root_password": given, "key": "", "checksum": ""}
        if asked:
            return settled_for(target, found)
        return settled_from(target, of_file(Path(str(target["manifests_dir"])).expanduser()))

    def _embedded(self, target: Target) -> None:
        """A platform that is down has many faces: a file, a port, a socket that is not there. Say it once."""
        kubeconfig = str(target["kubeconfig"])
        if kubeconfig and "embedded" in self.variables.get("group_names", []) and is_missing(Path(kubeconfig)):
            raise WrongArguments(
                f"The embedded platform is not up ({kubeconfig} is not there): bring it up with `make deploy` or "
                "`ansible-playbook site.yml --tags platform` (--check does not)"
            )

    def _names_and_types(self, roles: dict[str, list[str] | None]) -> None:
        variables = self.variables
        folder = Path(str(variables["role_path"])).parent
        found = [line for name, facts in roles.items() for line in wrong_names(folder / name, variables, facts or [])]
        if not found:
            # What is a template is looked at when its role runs: here most of them stand for app_*.
            plain = {name: value for name, value in variables.items() if not self._templar.is_template(value)}
            found = [line for name in roles for line in wrong_values(folder / name, plain)]
        if found:
            raise WrongArguments("; ".join(found))

    def _requests(self) -> list[str]:
        """What is wrong with what is to be verified: a release is not the time to find out."""
        given = {name: self.variables.get(name) for name in ("verify_endpoints", "verify_host")}
        given = {name: self._templar.template(value) for name, value in given.items() if value is not None}
        problems = [line for line in [host_problem("verify_host", str(given.get("verify_host", "")))] if line]
        if "verify_endpoints" in given:
            wrong = wrong_values(Path(str(self.variables["role_path"])).parent / "verify", given)
            problems += wrong or find_endpoint_problems(given["verify_endpoints"])
        return problems

    def _registry(self, target: Target) -> None:
        asked = {
            "username": target["registry_username"],
            "password": target["registry_password"],
            "docker_config": target["docker_config"],
            "timeout": CREDENTIALS_SPEC["timeout"]["default"],
        }
        open_registry(split_registry(str(target["registry"]))[0], asked).ping()

    def _seen(self, target: Target) -> dict[str, Any]:
        """What is needed to render as a deployment would; who may not read it compares as far as it goes."""
        found: dict[str, Any] = {}
        path = f"/api/v1/namespaces/{target['namespace']}/secrets/{target['name']}"
        with (
            contextlib.suppress(ForbiddenError),
            connected(str(target["kubeconfig"]), str(target["context"])) as client,
        ):
            found["apis"] = served_apis(client)
            if boolean(target["db_enabled"]):
                found["secret"] = client.find(path)
        return found

    def _tell(self, target: Target) -> None:
        """Name what the run is about before it changes anything."""
        cluster = load_cluster(run_kubeconfig(str(target["kubeconfig"]), str(target["context"])))
        Display().display(
            f"{self.variables['inventory_hostname']}: namespace {target['namespace']} on {cluster.server} "
            f"(context {cluster.context})"
        )

    def _cluster(self, target: Target, secret: str, leaving: bool) -> dict[str, Any]:
        with connected(str(target["kubeconfig"]), str(target["context"])) as client:
            return check_cluster(
                client,
                str(target["namespace"]),
                boolean(target["namespace_create"]),
                str(target["ingress_class"]),
                secret,
                leaving,
            )
