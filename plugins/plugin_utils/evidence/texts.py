"""The numbered text files of an evidence, each beginning with the command that shows the same."""

from __future__ import annotations

import re
from typing import Any

from ..diagnostics.failures import summary_of
from ..kube.client import KubeClient
from ..objects.service_addresses import SLICES, path_of
from .answers import INGRESS, asked
from .cluster import table
from .commands import curl, docker_of, get_addresses, kubectl_of, manifest_of, run_of, versions_of, word
from .images import image_text
from .names import Names, route_kind

Object = dict[str, Any]

# What leads to the Service, as kubectl and as the API call it.
PLURALS = {"ingress": "ingresses", "httproute": "httproutes"}


def texts(client: KubeClient, names: Names, evidence: Object) -> dict[str, str]:
    """Each file's name and text, in the order in which the exam asks for them."""
    meta = evidence["meta"]
    kubectl = kubectl_of(meta)
    labels = f"app.kubernetes.io/instance={names.name}"
    pods = f"{names.path('pods')}?labelSelector={labels.replace('/', '%2F').replace('=', '%3D')}"
    told = "".join(f"{key:<15} {plain(value)}\n" for key, value in meta.items())
    found = [("meta", f"$ {versions_of(meta)}\n{told}")]
    found += [("pods", f"$ {kubectl} get pods -o wide -l {labels}\n{table(client, pods)}")]
    kind = route_kind(evidence).lower()
    source = (evidence["service"] or {}).get("addresses") or SLICES
    for title, command, path in (
        ("service", f"service {names.name} -o wide", names.path("services", names.name)),
        ("endpoints", get_addresses(source, names.name), path_of(source, names.namespace, names.name)),
        (kind, f"{kind} {names.name}", names.path(PLURALS[kind], names.name)),
    ):
        found.append((title, f"$ {kubectl} get {command}\n{table(client, path)}"))
    for answer in evidence["answers"]:
        if answer["via"] == INGRESS:
            said = answer["unsent"] or answer["error"] or f"{answer['status']}\n{answer['body']}"
            found.append((slug(asked(answer)), f"$ {curl(meta, answer)}\n{said}\n"))
    found += [
        (f"image_{one['container']}", f"{image_commands(meta, one)}{image_text(one)}") for one in evidence["images"]
    ]
    if failure := evidence["failure"]:
        found.append(("failure", f"$ {run_of(meta)}\n{failure_text(failure)}"))
    return {f"{number:02d}_{name}.txt": text for number, (name, text) in enumerate(found, start=1)}


def image_commands(meta: Object, image: Object) -> str:
    """What shows the layers as the registry has them, and the rest as an engine that has pulled the image."""
    docker, reference = docker_of(meta), word(image["reference"])
    pulled = f"{docker} pull -q {reference} && {docker} image inspect {reference} && {docker} history {reference}"
    return f"$ {manifest_of(meta, image['reference'])}\n$ {pulled}\n"


def failure_text(failure: Object) -> str:
    """What the run said at its end, and what the black box says first."""
    box = summary_of(failure["black_box"])
    where = f"\n$ cat {word(failure['black_box'] + '/summary.md')}\n{box}" if box else ""
    return f"{failure['task']}\n{failure['told']}\n{where}"


def plain(value: Any) -> str:
    """A value of the meta file."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def slug(path: str) -> str:
    """An endpoint's path as a part of a file's name: /users/1 is users_1."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", path).strip("_") or "root"
