"""Collect what proves a deployment, and write it down: what the action `evidence` loads only when it has to."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ansible import context
from ansible.release import __version__ as ansible_version
from ansible.utils._junit_xml import TestCase, TestFailure, TestSuite, TestSuites
from ansible.utils.display import Display

from ..diagnostics.failures import failure_facts
from ..kube.client import KubeClient
from ..kube.errors import KubeError
from ..registry.credentials import CredentialsError
from ..registry.image_reference import BadReference, parse_reference
from ..registry.session import opened
from ..registry.store import RegistryStore
from ..verify.answer import shortened
from ..verify.asker import Asker
from ..verify.parties import Parties
from ..verify.replicas import NotAskedError
from ..verify.tls import until
from . import folder as folders
from .answers import from_pods, through_ingress
from .changes import changes
from .cluster import read_cluster
from .images import image_facts, sbom_file
from .names import Names
from .page import render
from .texts import texts
from .verdict import FAILED, RUN, SKIPPED, all_checks, verdict

Object = dict[str, Any]

# How much of an answer is kept: a list of users, not a download.
BODY = 65536
# How the programs of the commands that are shown tell their version, without asking a cluster or an engine.
CLIENTS = {
    "kubectl": (["version", "--client", "-o", "json"], r'"gitVersion": "v?([^"]+)"'),
    "docker": (["--version"], r"version ([^\s,]+)"),
}


def write(
    client: KubeClient, arguments: Mapping[str, Any], folder: Path, before: tuple[str, Object] | None
) -> dict[str, Any]:
    """Read, ask, judge and write; the result of the action."""
    # Programs of this machine are asked while the cluster and the endpoints are.
    with ThreadPoolExecutor(1) as pool:
        here = pool.submit(on_this_machine, Path(arguments["source_dir"]))
        evidence, files = settled(client, arguments, here)
    evidence["previous"] = before[0] if before else ""
    evidence["changes"] = changes(before[1] if before else None, evidence)
    if not evidence["rollout"] and before and before[1]["identity"] == evidence["identity"]:
        # Nothing was deployed since: how it came up is what it was.
        evidence["rollout"] = before[1]["rollout"]
    page = render(Path(arguments["templates"]), evidence, files)
    whole = {**files, "evidence.json": dumped(evidence), "junit.xml": junit(evidence), "index.html": page}
    try:
        written = folders.write_folder(folder, evidence["meta"]["folder"], whole)
    except OSError as error:
        raise KubeError(f"The evidence cannot be written to {folder}: {error} (evidence_dir).") from error
    Display().display(f"  Evidence, {evidence['verdict']}: {written / 'index.html'}")
    return outcome(evidence, written)


def settled(client: KubeClient, arguments: Mapping[str, Any], here: Future[Object]) -> tuple[Object, dict[str, str]]:
    """The evidence, judged; what is wrong is looked at again for a while."""
    deadline = time.monotonic() + arguments["patience"]
    # Twice at least: a single answer that does not come takes longer than that.
    again = arguments["patience"] > 0
    with closing(parties_of(arguments)) as parties:
        while True:
            evidence, files = collect(client, arguments, parties, here)
            evidence["checks"] = all_checks(evidence)
            evidence["verdict"] = verdict(evidence["checks"])
            wrong = [one for one in evidence["checks"] if one["status"] == FAILED and one["group"] != RUN]
            # What is not there does not come by being looked for.
            if not again or not wrong or not evidence["deployment"]:
                return evidence, files
            again = time.monotonic() < deadline
            time.sleep(1)


def outcome(evidence: Object, written: Path) -> dict[str, Any]:
    """The result; evidence of a failure fails, after it was written."""
    wrong = [one for one in evidence["checks"] if one["status"] == FAILED]
    page = written / "index.html"
    result = {"changed": False, "new": True, "path": str(written), "verdict": evidence["verdict"]}
    if evidence["failure"]:
        # What has failed is the news: its words first, as they were.
        told = evidence["failure"]
        result |= {
            "failed": True,
            "msg": f"{told['told'].rstrip('.')}. Evidence: {page}",
            "failed_task": told["task"],
        }
    elif wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        told = f"{wrong[0]['name']}: {shortened(wrong[0]['detail'], 300)}"
        result |= {"failed": True, "msg": f"The deployment is not proved. {told}{more}. See {page}"}
    return result


def collect(
    client: KubeClient, arguments: Mapping[str, Any], parties: Parties, here: Future[Object]
) -> tuple[Object, dict[str, str]]:
    """All that is known, without secrets, and the text files."""
    names = Names(arguments["namespace"], arguments["name"])
    manifests = folders.rendered(Path(arguments["manifests_dir"]))
    secrets = folders.secrets_in([*folders.documents_of(manifests.values()), secret(client, names)])
    # What a push has said of its login may be among what is told of a failure.
    masker = folders.Masker({*secrets, arguments["password"]} - {""})
    evidence = read_cluster(client, names)
    deployment = evidence["deployment"]
    answers, problem = ask(client, arguments, evidence, parties)
    meta = describe(client, arguments, evidence.pop("server_version"), deployment["port"] if deployment else 0)
    meta |= here.result()
    images = [image(arguments, name, reference) for name, reference in (deployment or {"images": {}})["images"].items()]
    bills = {sbom_file(one): one["sbom"].pop("text") for one in images if one.get("sbom")}
    shown = {name: folders.masked_manifest(text) for name, text in manifests.items()}
    evidence = {
        "version": folders.VERSION,
        "verdict": "",
        "meta": meta,
        **evidence,
        "answers": answers,
        "replica_problem": problem,
        "certificate": until(parties.asker.ends) if parties.asker.ends else "",
        "warnings": parties.asker.warnings(),
        "images": images,
        "rollout": arguments["rollout"] if arguments["rollout"].get("pods") else None,
        "failure": failure(arguments),
        "manifests": {name: folders.fingerprint(text) for name, text in shown.items()},
    }
    files = {**texts(client, names, evidence), **{f"manifests/{name}": text for name, text in shown.items()}, **bills}
    return masker.value(evidence), masker.value(files)


def failure(arguments: Mapping[str, Any]) -> Object | None:
    """Why the run failed that this is the evidence of; None for one that did not."""
    if not arguments["failed_result"]:
        return None
    return failure_facts(arguments["failed_task"], arguments["failed_result"])


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
        "validate_certs": arguments["validate_certs"],
        "ca_file": str(arguments["ca_file"] or ""),
        "kubeconfig": arguments["kubeconfig"],
        "context": client.cluster.context,
        "docker_config": arguments["docker_config"],
        "port": port,
        "inventory": [within(source, one) for one in arguments["inventory"]],
        "playbooks": [within(source, str(one)) for one in played(source)],
        "server_version": server_version,
    }


def on_this_machine(source: Path) -> Object:
    """Which checkout it is, and the programs that are here."""
    return {
        "commit": git(source, "rev-parse", "--short", "HEAD"),
        "uncommitted": bool(git(source, "status", "--porcelain")),
        "clients": {"ansible-core": ansible_version, "python": platform.python_version(), **clients()},
    }


def clients() -> dict[str, str]:
    """The versions of the programs that a reader's commands start, as far as they are on this machine's path."""
    found = {}
    for name, (options, told) in CLIENTS.items():
        program = shutil.which(name)
        said = re.search(told, output(program, *options)) if program else None
        if said:
            found[name] = said[1]
    return found


def played(source: Path) -> list[Path]:
    """The playbooks that Ansible was called with."""
    return [Path(one).absolute() for one in context.CLIARGS.get("args") or [source / "site.yml"]]


def within(folder: Path, path: str) -> str:
    """A path as one writes it in that folder, where it leads into it."""
    own = Path(path)
    return str(own.relative_to(folder)) if own.is_relative_to(folder) else path


def git(folder: Path, *arguments: str) -> str:
    """What Git says of the checkout; nothing when it is none."""
    return output("git", "-C", str(folder), *arguments)


def output(*command: str) -> str:
    """What a program prints; nothing when it is not there, fails, or takes its time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def parties_of(arguments: Mapping[str, Any]) -> Parties:
    """Who is asked; a KubeError for a URL that is none."""
    try:
        asker = Asker.of(arguments)
    except ValueError as error:
        raise KubeError(f"{error}.") from error
    return Parties(asker, arguments["endpoints"])


def ask(
    client: KubeClient, arguments: Mapping[str, Any], evidence: Object, parties: Parties
) -> tuple[list[Object], str]:
    """Every answer, and why replicas could not be asked; of theirs, only as much text as tells a wrong one."""
    samples = arguments["samples"]
    answers = through_ingress(parties, samples, arguments["verified"])
    for answer in answers:
        answer["body"] = answer["body"][:BODY]
    deployment = evidence["deployment"]
    pods = [pod["name"] for pod in evidence["pods"] if pod["ready"] and not pod["leaving"]]
    if not (deployment and deployment["port"] and pods):
        return answers, ""
    port, namespace = deployment["port"], arguments["namespace"]
    try:
        replicas = from_pods(parties, client, namespace, pods, port, samples, arguments["host"])
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
        return image_facts(opened(RegistryStore, host, own), container, reference)
    except (BadReference, CredentialsError) as error:
        return {"container": container, "reference": reference, "problem": str(error)}


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
