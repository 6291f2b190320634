"""Work out what must be done for a target. See plugins/modules/plan.py."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display

from ..plugin_utils.console import report
from ..plugin_utils.errors import UserError
from ..plugin_utils.evidence import folder as evidence
from ..plugin_utils.evidence.freshness import still_true
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.config import load_cluster
from ..plugin_utils.kube.errors import ForbiddenError, KubeError
from ..plugin_utils.objects import deployments
from ..plugin_utils.plan_action import Object, PlanAction
from ..plugin_utils.release.credentials import generated, of_file, settled_for, settled_from, uses_secret
from ..plugin_utils.release.planning import ReleasePlan, shown
from ..plugin_utils.run_cluster import connected, run_kubeconfig
from ..plugin_utils.target.check import check_embedded, check_names_and_types, check_values
from ..plugin_utils.target.installation import check_installation
from ..plugin_utils.target.output_rules import OUTPUTS, refuse_outputs_in_images
from ..plugin_utils.target.role_arguments import specification
from ..plugin_utils.target.stages import builds
from ..plugin_utils.target.wanted_images import described, look_for_images
from ..plugin_utils.tenancy.cluster_check import check_cluster, served_apis
from ..plugin_utils.tenancy.ingress_check import check_certificate, check_gateway
from ..plugin_utils.verify.outcome import glance

# The name of the Secret with the certificate, behind the target's.
TLS = "-tls"
# What is looked at of what users are to get.
USERS = ("verify_host", "verify_ca_file", "verify_endpoints")


class ActionModule(PlanAction):
    """The action `plan`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "roles": {"type": "dict", "default": {}},
        "save": {"type": "str", "default": ""},
        "hold_to": {"type": "str", "default": ""},
    }

    def planned(self) -> Object:
        """What is printed here is all that is to be read of it."""
        # A run that plans nothing has no stage for it.
        return self._first() | ({} if self.stages.plan else {"skipped": True})

    def _first(self) -> Object:
        """Check what is wanted; then ask the registry and the cluster, side by side."""
        check_installation()
        roles = Path(str(self.variables["role_path"])).resolve().parent
        check_names_and_types(self.variables, self._templar, roles, self.arguments["roles"])
        if self.stages.use_cluster:
            check_embedded(self.target, self.variables.get("group_names", []))
        named = [name for name in USERS if self.variables.get(name) is not None]
        check_values(self.target, {name: self._value(name) for name in named}, roles)
        if self.stages.use_images:
            outputs = {name: str(self._value(name)) for name in OUTPUTS if self.variables.get(name)}
            refuse_outputs_in_images(self.target, outputs)
        with self._images_asked() as images:
            if self.stages.asks_cluster or self.stages.any_of("account"):
                self._announce()
            if not self.stages.asks_cluster and not self.stages.any_of("compare"):
                plan: Object = {"cluster": {}} | self._found(images)
                return self._concluded(plan | {"credentials": self._credentials({})})
            with connected(*self._cluster_named()) as client:
                return self._of_cluster(client, images)

    def _of_cluster(self, client: KubeClient, images: Future[list[Object]]) -> Object:
        cluster = self._checked(client) if self.stages.asks_cluster else self._seen(client)
        plan: Object = {"credentials": self._credentials(cluster), "cluster": cluster} | self._found(images)
        plan["manifests"], changed = [], False
        if self.stages.any_of("deploy", "compare") and not plan["problem"]:
            plan["certificate"] = self._certificate(client)
            changed = self._render(plan)
        if not self.stages.any_of("deploy"):
            return self._concluded(plan)
        with self._users_asked(client, plan) as users:
            release = self._released(client, plan, self.arguments["hold_to"], self.arguments["save"])
            self._print(release)
            plan |= release.facts()
            plan["changed"] = changed or (self.stages.check_mode and plan["differs"])
            if _settled(plan):
                plan["verified"] = users.result() if users else {}
                checks = plan["verified"].get("checks") or self._users()
                plan["evidenced"] = self._evidenced(client, {name: checks[name] for name in ("base_url", "host")})
        return self._concluded(plan)

    def _concluded(self, plan: Object) -> Object:
        """Whether anything is left to do in a playbook that deploys; what users get is reported where it is not."""
        stages = self.stages
        # Others do more than is planned here.
        if "deploy" not in self.target["stages"]:
            return plan | {"verified": {}, "deploys": False, "done": False}
        nothing: Object = {"verified": {}, "evidenced": False, "rolled_out": False, "changed": False}
        plan = nothing | plan
        if stages.check_mode:
            plan["changed"] = plan["changed"] or bool(plan["to_publish"])
            return plan | {"deploys": False, "done": True}
        deploys = stages.any_of("deploy") and not _settled(plan)
        left = [
            bool(plan["to_publish"]),
            deploys,
            stages.any_of("verify") and not plan["verified"],
            stages.evidence and not plan["evidenced"],
        ]
        if not any(left) and stages.any_of("verify"):
            checks = plan["verified"]["checks"]
            Display().display("\n".join(report.lines(checks["base_url"], checks["host"], plan["verified"])))
        return plan | {"deploys": deploys, "done": not any(left)}

    # Who is asked.

    @contextlib.contextmanager
    def _images_asked(self) -> Iterator[Future[list[Object]]]:
        """Ask the registry while the cluster is asked; where both have something to say, the registry is first."""
        wanted = self._value("target_images") if self.stages.use_images and builds(self.target) else []
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(look_for_images, self.target, self.stages, wanted, self.arguments["hold_to"])
            try:
                yield found
            except KubeError:
                if self.stages.plan:
                    found.result()
                raise

    @contextlib.contextmanager
    def _users_asked(self, client: KubeClient, plan: Object) -> Iterator[Future[Object] | None]:
        """Ask as users do while the cluster compares, where what runs may turn out to be what is wanted."""
        path = f"/apis/apps/v1/namespaces/{self.target['namespace']}/deployments/{self.target['name']}"
        live = None
        if self.stages.any_of("verify") and not self.stages.check_mode and not plan["to_publish"]:
            live = client.find(path)
        if live is None or deployments.unfinished(live):
            yield None
            return
        with ThreadPoolExecutor(1) as pool:
            yield pool.submit(glance, self._users())

    def _checked(self, client: KubeClient) -> Object:
        """What the cluster is; a KubeError says why it cannot take the deployment."""
        target = self.target
        deploys = self.stages.any_of("deploy") and uses_secret(target)
        found = check_cluster(
            client,
            str(target["namespace"]),
            boolean(target["namespace_create"]),
            "" if target["gateway"] else str(target["ingress_class"]),
            str(target["name"]) if deploys else "",
            self.stages.any_of("teardown"),
        )
        if self.stages.any_of("deploy"):
            if target["gateway"]:
                check_gateway(client, target["gateway"], found["apis"])
            check_certificate(client, str(target["namespace"]), target["tls"], found["apis"])
        return found

    def _seen(self, client: KubeClient) -> Object:
        """What is needed to render as a deployment would; who may not read it compares as far as it goes."""
        found: Object = {}
        with contextlib.suppress(ForbiddenError):
            found["apis"] = served_apis(client)
            if uses_secret(self.target):
                found["secret"] = client.find(self._secret_path())
        return found

    def _found(self, images: Future[list[Object]]) -> Object:
        """The images; a registry that does not respond is no reason to say nothing of the cluster."""
        try:
            found = images.result()
        except UserError as error:
            if not self.stages.any_of("compare"):
                raise
            return described([], self.stages) | {"problem": str(error)}
        for note in sorted({note for image in found for note in image["base_notes"]}):
            Display().warning(note)
        return described(found, self.stages) | {"problem": ""}

    def _evidenced(self, client: KubeClient, checks: Object) -> bool:
        """Whether the newest evidence is still true, where that is enough."""
        if not self.stages.evidence or not boolean(self._value("evidence_only_new")):
            return False
        before = evidence.previous(Path(str(self._value("evidence_dir"))) / str(self._value("evidence_target")))
        place = {"name": str(self.target["name"]), "namespace": str(self.target["namespace"])}
        return before is not None and still_true(before[1], client, place | checks)

    # What is made of it.

    def _credentials(self, cluster: Object) -> Object:
        """The cluster's word counts where it was asked; where it was not, what was rendered last from here."""
        asked = "secret" in cluster
        found = cluster.pop("secret", None)
        if asked:
            return settled_for(self.target, found)
        folder = Path(str(self.target["manifests_dir"])).expanduser()
        kept = of_file(folder, generated(self.target)) if uses_secret(self.target) else {}
        return settled_from(self.target, kept)

    def _certificate(self, client: KubeClient) -> Object:
        """What the platform's authority has signed for the hosts; nothing where it is to sign nothing."""
        target, name = self.target, str(self.target["name"])
        hosts = [str(host) for host in (target["ingress_host"], *target["ingress_hosts"]) if host]
        if not hosts or not target["tls"].get("platform"):
            return {}
        # Here, for its library takes longer to load than all else of a plan.
        from ..plugin_utils.platform.host_certificate import host_certificate

        kept = client.find(f"{self._secret_path()}{TLS}")
        return host_certificate(name, hosts, kept, Path(str(self._value("target_authority"))))

    # What is printed.

    def _announce(self) -> None:
        """Name what the run is about before it changes anything."""
        cluster = load_cluster(run_kubeconfig(*self._cluster_named()))
        Display().display(
            f"{self.variables['inventory_hostname']}: namespace {self.target['namespace']} on {cluster.server} "
            f"(context {cluster.context})"
        )

    def _print(self, release: ReleasePlan) -> None:
        if release.differing or self.stages.check_mode:
            Display().display("\n".join(["", *release.lines, ""]))
        else:
            for note in release.notes:
                Display().display(note)
        if self._task.diff:
            self._show(shown(item) for item in release.differing)

    # What is wanted.

    def _users(self) -> Object:
        """What the Verifier takes."""
        kubeconfig, context = self._cluster_named()
        return {
            "base_url": self._value("__verify_url"),
            "host": str(self._value("verify_host")),
            "endpoints": self._value("verify_endpoints"),
            "validate_certs": boolean(self._value("verify_validate_certs")),
            "ca_file": str(self._value("verify_ca_file")),
            "name": str(self.target["name"]) if boolean(self._value("verify_replicas")) else "",
            "namespace": str(self.target["namespace"]),
            "kubeconfig": run_kubeconfig(kubeconfig, context),
            "context": context,
            "pods": [],
        }


def preload() -> None:
    """Read what roles take, once for all targets of a run."""
    for path in (Path(__file__).resolve().parents[2] / "roles").glob("*/meta/argument_specs.yml"):
        if not path.parents[1].name.startswith("platform_"):
            specification(path.parents[1])


def _settled(plan: Object) -> bool:
    """Whether nothing differs and all of it runs."""
    return plan["rolled_out"] and not plan["differs"] and not plan["interrupted"]
