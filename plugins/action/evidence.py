"""Collect and write down what proves a deployment. See plugins/modules/evidence.py."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from ansible.release import __version__ as ansible_version
from ansible.utils._junit_xml import TestCase, TestFailure, TestSuite, TestSuites
from ansible.utils.display import Display

from ..module_utils import evidence_folder as folders
from ..module_utils.endpoints import Asker, shortened
from ..module_utils.evidence_answers import from_pods, through_ingress
from ..module_utils.evidence_changes import changes
from ..module_utils.evidence_cluster import Names, identity, read_cluster, table
from ..module_utils.evidence_images import image_facts, image_text
from ..module_utils.evidence_page import render
from ..module_utils.evidence_verdict import FAILED, PASSED, SKIPPED, all_checks, curl, kubectl_of, verdict
from ..module_utils.image_reference import BadReference, parse_reference
from ..module_utils.kube_client import KubeClient
from ..module_utils.kube_errors import KubeError
from ..module_utils.registry_credentials import CredentialsError
from ..module_utils.registry_session import CREDENTIALS_SPEC, open_registry
from ..module_utils.replicas import NotAskedError
from ..plugin_utils.kube_action import KubeAction

Object = dict[str, Any]

# How much of an answer is kept: a list of users, not a download.
BODY = 65536


class ActionModule(KubeAction):
    """The action `evidence`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "dest": {"type": "path", "required": True},
        "templates": {"type": "path", "required": True},
        "target": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "base_url": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "validate_certs": {"type": "bool", "default": True},
        "endpoints": {"type": "list", "elements": "dict", "required": True},
        "manifests_dir": {"type": "path", "required": True},
        "source_dir": {"type": "path", "required": True},
        "registry": {"type": "str", "default": ""},
        "samples": {"type": "int", "default": 7},
        # An Ingress controller needs a moment to forget the Pods of the version before (Traefik: two seconds).
        "patience": {"type": "int", "default": 5},
        "only_new": {"type": "bool", "default": False},
        **CREDENTIALS_SPEC,
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read, ask, judge and write; the target itself stays as it is."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        folder = Path(arguments["dest"]) / arguments["target"]
        before = folders.previous(folder)
        if arguments["only_new"] and before and covers(before[1], client, arguments):
            return {"changed": False, "new": False, "path": str(folder / before[0]), "verdict": PASSED}
        deadline = time.monotonic() + arguments["patience"]
        # Twice at least: a single answer that does not come takes longer than that.
        again = arguments["patience"] > 0
        while True:
            evidence, files = collect(client, arguments)
            evidence["checks"] = all_checks(evidence)
            evidence["verdict"] = verdict(evidence["checks"])
            if evidence["verdict"] == PASSED or not again:
                break
            again = time.monotonic() < deadline
            time.sleep(1)
        evidence["previous"] = before[0] if before else ""
        evidence["changes"] = changes(before[1] if before else None, evidence)
        page = render(Path(arguments["templates"]), evidence, files)
        whole = {**files, "evidence.json": dumped(evidence), "junit.xml": junit(evidence), "index.html": page}
        try:
            written = folders.write_folder(folder, evidence["meta"]["folder"], whole)
        except OSError as error:
            raise KubeError(f"The evidence cannot be written to {folder}: {error} (evidence_dir).") from error
        Display().display(f"  Evidence, {evidence['verdict']}: {written / 'index.html'}")
        return self.outcome(evidence, written)

    def outcome(self, evidence: Object, written: Path) -> dict[str, Any]:
        """The result; evidence of a failure fails, after it was written."""
        wrong = [one for one in evidence["checks"] if one["status"] == FAILED]
        result = {"changed": False, "new": True, "path": str(written), "verdict": evidence["verdict"]}
        if wrong:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            told = f"{wrong[0]['name']}: {shortened(wrong[0]['detail'], 300)}"
            result |= {
                "failed": True,
                "msg": f"The deployment is not proved. {told}{more}. See {written / 'index.html'}",
            }
        return result


def covers(before: Object, client: KubeClient, arguments: Mapping[str, Any]) -> bool:
    """Whether that evidence is still true: the same objects are wanted, at the same URL, and all was well."""
    names = Names(arguments["namespace"], arguments["name"])
    found = [client.find(names.path(plural, names.name)) for plural in ("deployments", "services", "ingresses")]
    same = before["meta"]["base_url"] == arguments["base_url"] and before["meta"]["host"] == arguments["host"]
    return bool(same and before["verdict"] == PASSED and before["identity"] == identity(*found))


def collect(client: KubeClient, arguments: Mapping[str, Any]) -> tuple[Object, dict[str, str]]:
    """All that is known, without secrets, and the text files."""
    names = Names(arguments["namespace"], arguments["name"])
    manifests = folders.rendered(Path(arguments["manifests_dir"]))
    masker = folders.Masker(folders.secrets_in([*folders.documents_of(manifests.values()), secret(client, names)]))
    evidence = read_cluster(client, names)
    deployment = evidence["deployment"]
    meta = describe(client, arguments, evidence.pop("server_version"), deployment["port"] if deployment else 0)
    answers, problem = ask(client, arguments, evidence)
    images = [image(arguments, name, reference) for name, reference in (deployment or {"images": {}})["images"].items()]
    shown = {name: folders.masked_manifest(text) for name, text in manifests.items()}
    evidence = {
        "version": folders.VERSION,
        "verdict": "",
        "meta": meta,
        **evidence,
        "answers": answers,
        "replica_problem": problem,
        "images": images,
        "manifests": {name: folders.fingerprint(text) for name, text in shown.items()},
    }
    files = {**texts(client, names, evidence), **{f"manifests/{name}": text for name, text in shown.items()}}
    return masker.value(evidence), masker.value(files)


def secret(client: KubeClient, names: Names) -> Object | None:
    """The Secret in the cluster, to know what must not be shown; not everybody may read it."""
    try:
        return client.find(names.path("secrets", names.name))
    except KubeError:
        return None


def describe(client: KubeClient, arguments: Mapping[str, Any], server_version: str, port: int) -> Object:
    """When, where, with what."""
    now = datetime.now(UTC)
    source = Path(arguments["source_dir"])
    return {
        "time": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "folder": now.strftime("%Y%m%dT%H%M%SZ"),
        "target": arguments["target"],
        "name": arguments["name"],
        "namespace": arguments["namespace"],
        "base_url": arguments["base_url"].rstrip("/"),
        "host": arguments["host"],
        "kubeconfig": arguments["kubeconfig"],
        "context": client.cluster.context,
        "port": port,
        "commit": git(source, "rev-parse", "--short", "HEAD"),
        "uncommitted": bool(git(source, "status", "--porcelain")),
        "server_version": server_version,
        "clients": {"ansible-core": ansible_version, "python": platform.python_version()},
    }


def git(folder: Path, *arguments: str) -> str:
    """What Git says of the checkout; nothing when it is none."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def ask(client: KubeClient, arguments: Mapping[str, Any], evidence: Object) -> tuple[list[Object], str]:
    """Every answer, and why replicas could not be asked; of theirs, only as much text as tells a wrong one."""
    endpoints, samples = arguments["endpoints"], arguments["samples"]
    try:
        asker = Asker(arguments["base_url"], arguments["host"], arguments["validate_certs"])
    except ValueError as error:
        raise KubeError(f"{error}.") from error
    answers = through_ingress(asker, endpoints, samples)
    asker.close()
    for answer in answers:
        answer["body"] = answer["body"][:BODY]
    deployment = evidence["deployment"]
    pods = [pod["name"] for pod in evidence["pods"] if pod["ready"] and not pod["leaving"]]
    if not (deployment and deployment["port"] and pods):
        return answers, ""
    port, namespace = deployment["port"], arguments["namespace"]
    try:
        replicas = from_pods(client, namespace, pods, port, endpoints, samples)
    except NotAskedError as error:
        return answers, str(error)
    return answers + [answer | {"body": shortened(answer["body"])} for answer in replicas], ""


def image(arguments: Mapping[str, Any], container: str, reference: str) -> Object:
    """What the registry tells of an image; the target's own credentials are for its own registry."""
    try:
        host = parse_reference(reference).host
        own = {**arguments, "timeout": 5}
        if host != arguments["registry"].partition("/")[0]:
            own |= {"username": "", "password": ""}
        return image_facts(open_registry(host, own), container, reference)
    except (BadReference, CredentialsError) as error:
        return {"container": container, "reference": reference, "problem": str(error)}


def texts(client: KubeClient, names: Names, evidence: Object) -> dict[str, str]:
    """The numbered files, each beginning with the command that shows the same."""
    meta = evidence["meta"]
    kubectl = kubectl_of(meta)
    labels = f"app.kubernetes.io/instance={names.name}"
    pods = f"{names.path('pods')}?labelSelector={labels.replace('/', '%2F').replace('=', '%3D')}"
    found = [("meta", "".join(f"{key:<15} {plain(value)}\n" for key, value in meta.items()))]
    found += [
        ("pods", f"$ {kubectl} get pods -o wide -l {labels}\n{table(client, pods)}"),
        (
            "service",
            f"$ {kubectl} get service {names.name} -o wide\n{table(client, names.path('services', names.name))}",
        ),
        ("endpoints", f"$ {kubectl} get endpoints {names.name}\n{table(client, names.path('endpoints', names.name))}"),
        ("ingress", f"$ {kubectl} get ingress {names.name}\n{table(client, names.path('ingresses', names.name))}"),
    ]
    for answer in evidence["answers"]:
        if answer["via"] == "Ingress":
            said = answer["error"] or f"{answer['status']}\n{answer['body']}"
            found.append((folders.slug(answer["path"]), f"$ {curl(meta, answer['path'])}\n{said}\n"))
    found += [(f"image_{one['container']}", image_text(one)) for one in evidence["images"]]
    return {f"{number:02d}_{name}.txt": text for number, (name, text) in enumerate(found, start=1)}


def plain(value: Any) -> str:
    """A value of the meta file."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def dumped(evidence: Object) -> str:
    """evidence.json, as docs/evidence.schema.json describes it."""
    return json.dumps(evidence, indent=2, ensure_ascii=False) + "\n"


def junit(evidence: Object) -> str:
    """The checks as a test report."""
    meta = evidence["meta"]
    cases = [
        TestCase(
            name=one["name"],
            classname=f"{meta['target']}.{one['group']}",
            time=Decimal(str(one["seconds"])),
            failures=[TestFailure(message=xml(one["detail"]), output=one["command"])]
            if one["status"] == FAILED
            else [],
            skipped=xml(one["detail"]) if one["status"] == SKIPPED else None,
            system_out=xml(one["detail"]),
        )
        for one in evidence["checks"]
    ]
    suite = TestSuite(name=f"{meta['name']} on {meta['target']}", cases=cases, timestamp=datetime.now(UTC))
    return TestSuites(suites=[suite]).to_pretty_xml() + os.linesep


def xml(text: str) -> str:
    """A text without the characters that XML has no way to write."""
    return re.sub("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]", "\ufffd", text)
