"""Say what runs. See plugins/modules/status.py."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.ages import age
from ..plugin_utils.console.status import answer_lines, image_lines, pod_lines
from ..plugin_utils.evidence.answers import through_ingress
from ..plugin_utils.evidence.cluster import read_cluster
from ..plugin_utils.evidence.folder import LATEST, Masker, previous, secrets_in
from ..plugin_utils.evidence.names import Names
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.config import load_documents
from ..plugin_utils.kube.errors import ForbiddenError, KubeError
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, USERS_ARGUMENTS, KubeAction
from ..plugin_utils.release.drift import Drift, drift
from ..plugin_utils.release.maintenance import maintenance_of
from ..plugin_utils.release.revision_store import Store
from ..plugin_utils.tenancy.namespace import hold_up
from ..plugin_utils.verify.answer import shortened
from ..plugin_utils.verify.asker import Asker
from ..plugin_utils.verify.parties import Parties
from ..plugin_utils.verify.repeating import harmless
from ..plugin_utils.verify.request import Endpoint

Object = dict[str, Any]


class ActionModule(KubeAction):
    """The action `status`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "target": {"type": "str", "required": True},
        **DEPLOYMENT_ARGUMENTS,
        **USERS_ARGUMENTS,
        "images": {"type": "list", "elements": "dict", "default": []},
        "manifests": {"type": "list", "elements": "str", "default": [], "no_log": True},
        "apis": {"type": "list", "elements": "str", "default": []},
        "problem": {"type": "str", "default": ""},
        "evidence_dir": {"type": "path", "required": True},
        "url_only": {"type": "bool", "default": False},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Where it answers is known without the cluster."""
        return where_it_answers(arguments) if arguments["url_only"] else super().perform(arguments)

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read and print; nothing is changed."""
        names = Names(arguments["namespace"], arguments["name"])
        url = where(arguments)
        found = read_cluster(client, names)
        documents = [one for text in arguments["manifests"] for one in load_documents(text) if isinstance(one, dict)]
        leaving = namespace_leaving(client, names.namespace)
        if found["deployment"] is None:
            lines = [
                f"{names.name} on {arguments['target']}: nothing is deployed in namespace {names.namespace}",
                f"  ! {leaving}" if leaving else "  Deploy it: make deploy, or ansible-playbook site.yml",
            ]
            return told(lines, {"deployed": False, "drift": [], "url": url})
        different = Drift([], arguments["problem"])
        if documents:
            different = drift(client, names.namespace, names.name, arguments["apis"], documents)
        wanted = {str(one["repository"]): one for one in arguments["images"]}
        # The stamps are the cluster's, and so is the clock that they are held against.
        now = datetime.now(UTC) + timedelta(seconds=client.clock())
        lines = [headline(kept_revision(client, names), names, arguments, found, now), f"  URL       {url}"]
        lines += [f"  {line}" for line in answer_lines(ask(arguments, arguments["endpoints"]))]
        lines += [f"  {line}" for line in image_lines(found["deployment"]["images"], wanted)]
        lines += [f"  {line}" for line in pod_lines(found["pods"], now)]
        lines += [f"  ! {line}" for line in [*found["deployment"]["troubles"], *([leaving] if leaving else [])]]
        lines += maintenance_lines(client, names)
        lines += drift_lines(different, bool(documents))
        lines += evidence_lines(arguments, found["identity"])
        masker = Masker(secrets_in(documents))
        return told(masker.value(lines), {"deployed": True, "drift": masker.value(different.lines), "url": url})


def namespace_leaving(client: KubeClient, namespace: str) -> str:
    """Since when the namespace is being removed, and what holds that up; empty if it is not, or nobody may know."""
    try:
        live = client.find(f"/api/v1/namespaces/{namespace}")
    except ForbiddenError:
        return ""
    return hold_up(client, live) if live else ""


def maintenance_lines(client: KubeClient, names: Names) -> list[str]:
    """That users are kept out, where they are."""
    service = client.find(names.path("services", names.name))
    found = maintenance_of(service) if service else None
    return [f"  ! Maintenance is on{found.told}: make maintenance-off ends it"] if found and found.on else []


def where(arguments: dict[str, Any]) -> str:
    """The URL for people."""
    return str(arguments["base_url"]).rstrip("/") + (f" (Host: {arguments['host']})" if arguments["host"] else "")


def where_it_answers(arguments: dict[str, Any]) -> dict[str, Any]:
    """The URL, whether anybody answers there, and where the evidence is."""
    url = where(arguments)
    lines = [f"  URL       {url}"]
    lines += [f"  Answers   {line}" for line in answer_lines(ask(arguments, harmless(arguments["endpoints"])[:1]))]
    return told([*lines, *evidence_lines(arguments)], {"drift": [], "url": url})


def kept_revision(client: KubeClient, names: Names) -> str:
    """What runs, by the number that `make history` lists and `make rollback` takes."""
    try:
        known, unchanged = Store(client, names.namespace, names.name).running()
    except KubeError:
        # Not everybody may read Secrets, which is where revisions are kept.
        return "revision not known"
    if known is None:
        return "of no kept revision"
    return f"revision {known.number}" + ("" if unchanged else ", changed by others since")


def headline(revision: str, names: Names, arguments: dict[str, Any], found: Object, now: datetime) -> str:
    """The one line that says it all."""
    deployment = found["deployment"]
    current = [pod for pod in found["pods"] if pod["current"] and pod["steps"].get("Ready")]
    since = age(max((pod["steps"]["Ready"] for pod in current), default=""), now)
    return (
        f"{names.name} on {arguments['target']}: {deployment['ready']} of {deployment['replicas']} Pods ready, "
        f"{revision}"
        + (f", for {since}" if since else "")
        + (f"; waiting for {deployment['unfinished']}" if deployment["unfinished"] else "")
    )


def ask(arguments: dict[str, Any], endpoints: Iterable[Endpoint]) -> list[Object]:
    """Each endpoint's answer, and how long it took."""
    try:
        asker = Asker.of(arguments, timeout=5)
    except ValueError as error:
        raise KubeError(f"{error}.") from error
    with closing(Parties(asker, list(endpoints))) as parties:
        return through_ingress(parties, 1)


def drift_lines(different: Drift, compared: bool) -> list[str]:
    """Whether the cluster is as a run from here would leave it."""
    if not compared:
        return [f"  Drift     not known: {different.note}"]
    told = (
        "the cluster is not as this checkout would have it:" if different.lines else "none: a run would change nothing"
    )
    note = [f"  ! {shortened(different.note, 300)}"] if different.note else []
    return [f"  Drift     {told}", *(f"    {line}" for line in different.lines), *note]


def evidence_lines(arguments: dict[str, Any], identity: list[str] | None = None) -> list[str]:
    """The newest evidence, and whether it is of what runs, where that is known."""
    folder = Path(arguments["evidence_dir"]) / arguments["target"]
    found = previous(folder)
    if found is None:
        return ["  Evidence  none yet: make evidence"]
    name, evidence = found
    lines = [f"  Evidence  {folder / LATEST / 'index.html'} ({evidence['verdict']}, {name})"]
    if identity is not None and evidence["identity"] != identity:
        lines[0] += ", which is of another state than what runs now: make evidence"
    if failure := evidence["failure"]:
        kind = f"{failure['type']}: " if failure["type"] else ""
        lines.append(f"  Last run  failed: {kind}{shortened(failure['message'], 160)}")
        lines += [f"            {failure['undone']}"] if failure["undone"] else []
    return lines


def told(lines: list[str], result: dict[str, Any]) -> dict[str, Any]:
    """Print the lines, and return them."""
    Display().display("\n".join(["", *lines, ""]))
    return {"changed": False, "lines": lines, **result}
