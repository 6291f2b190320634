"""Say what runs. See plugins/modules/status.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..module_utils.endpoints import Asker
from ..module_utils.evidence_answers import through_ingress
from ..module_utils.evidence_cluster import Names, read_cluster
from ..module_utils.evidence_folder import LATEST, Masker, documents_of, previous, rendered, secrets_in
from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_errors import KubeError
from ..module_utils.status import age, drift, image_lines, pod_lines
from ..plugin_utils.kube_action import KubeAction

Object = dict[str, Any]


class ActionModule(KubeAction):
    """The action `status`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "target": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "base_url": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "validate_certs": {"type": "bool", "default": True},
        "endpoints": {"type": "list", "elements": "dict", "default": []},
        "images": {"type": "list", "elements": "dict", "default": []},
        "manifests_dir": {"type": "path", "required": True},
        "evidence_dir": {"type": "path", "required": True},
        "url_only": {"type": "bool", "default": False},
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read and print; nothing is changed."""
        names = Names(arguments["namespace"], arguments["name"])
        where = arguments["base_url"].rstrip("/") + (f" (Host: {arguments['host']})" if arguments["host"] else "")
        evidence = evidence_line(Path(arguments["evidence_dir"]) / arguments["target"])
        if arguments["url_only"]:
            return told([f"  URL       {where}", *evidence], {"drift": [], "url": where})
        found = read_cluster(client, names)
        documents = documents_of(rendered(Path(arguments["manifests_dir"])).values())
        if found["deployment"] is None:
            lines = [f"{names.name} on {arguments['target']}: nothing is deployed in namespace {names.namespace}"]
            return told(lines, {"deployed": False, "drift": [], "url": where})
        answers = ask(arguments)
        different = drift(client, documents)
        wanted = {str(one["repository"]): one for one in arguments["images"]}
        lines = [headline(names, arguments, found), f"  URL       {where}"]
        lines += [f"  {line}" for line in answers]
        lines += [f"  {line}" for line in image_lines(found["deployment"]["images"], wanted)]
        lines += [f"  {line}" for line in pod_lines(found["pods"])]
        lines += [f"  ! {line}" for line in found["deployment"]["troubles"]]
        lines += drift_lines(documents, different)
        lines += evidence
        masker = Masker(secrets_in(documents))
        return told(masker.value(lines), {"deployed": True, "drift": masker.value(different), "url": where})


def headline(names: Names, arguments: dict[str, Any], found: Object) -> str:
    """The one line that says it all."""
    deployment = found["deployment"]
    current = [pod for pod in found["pods"] if pod["current"] and pod["steps"].get("Ready")]
    since = age(max((pod["steps"]["Ready"] for pod in current), default=""))
    return (
        f"{names.name} on {arguments['target']}: {deployment['ready']} of {deployment['replicas']} Pods ready, "
        f"revision {deployment['revision']}"
        + (f", for {since}" if since else "")
        + (f"; waiting for {deployment['unfinished']}" if deployment["unfinished"] else "")
    )


def ask(arguments: dict[str, Any]) -> list[str]:
    """Each endpoint's answer, and how long it took."""
    try:
        asker = Asker(arguments["base_url"], arguments["host"], arguments["validate_certs"], timeout=5)
    except ValueError as error:
        raise KubeError(f"{error}.") from error
    answers = through_ingress(asker, arguments["endpoints"], 1)
    asker.close()
    width = max((len(one["path"]) for one in answers), default=0)
    return [
        f"GET {one['path']:<{width}}  "
        + (f"{one['status']} in {one['median']:g} ms" if not one["error"] else one["error"])
        + ("" if one["right"] else f", but should be {one['expected']}")
        for one in answers
    ]


def drift_lines(documents: list[Object], different: list[str]) -> list[str]:
    """Whether the cluster is as the last run from here has left it."""
    if not documents:
        return ["  Drift     not known: nothing was rendered from this checkout yet"]
    if not different:
        return ["  Drift     none: the cluster is as the last run from here has left it"]
    return ["  Drift", *(f"    {line}" for line in different)]


def evidence_line(folder: Path) -> list[str]:
    """The newest evidence."""
    found = previous(folder)
    if found is None:
        return ["  Evidence  none yet: make evidence"]
    name, evidence = found
    return [f"  Evidence  {folder / LATEST / 'index.html'} ({evidence['verdict']}, {name})"]


def told(lines: list[str], result: dict[str, Any]) -> dict[str, Any]:
    """Print the lines, and return them."""
    Display().display("\n".join(["", *lines, ""]))
    return {"changed": False, "lines": lines, **result}
