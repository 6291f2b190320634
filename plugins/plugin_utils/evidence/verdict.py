"""From what was read and asked to a verdict: checks that passed, failed or could not be made."""

from __future__ import annotations

from typing import Any

from ..verify.answer import shortened
from .answers import INGRESS, title
from .commands import certificate_of, curl, get_addresses, kubectl_of, manifest_of, proxied, run_of
from .names import route_kind

Object = dict[str, Any]

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
# The group of the one check that is not of what runs: whether the run that wrote this has ended well.
RUN = "run"
# A request that stands for all.
ANY: Object = {"method": "GET", "path": "/", "status": 200, "sends": [], "reads": []}


def check(group: str, name: str, passed: bool, detail: str, command: str, seconds: float = 0.0) -> Object:
    """One check, and the command that makes it again by hand."""
    return {
        "group": group,
        "name": name,
        "status": PASSED if passed else FAILED,
        "detail": detail,
        "command": command,
        "seconds": seconds,
    }


def skipped(made: Object, why: str) -> Object:
    """A check that could not be made."""
    return made | {"status": SKIPPED, "detail": why}


def all_checks(evidence: Object) -> list[Object]:
    """Every check, in the order in which a reader asks."""
    return [
        *run_checks(evidence),
        *cluster_checks(evidence),
        *certificate_checks(evidence),
        *answer_checks(evidence),
        *not_asked(evidence),
        *image_checks(evidence),
    ]


def verdict(checks: list[Object]) -> str:
    """Passed only if nothing failed, and something was checked at all."""
    statuses = {one["status"] for one in checks}
    return PASSED if PASSED in statuses and FAILED not in statuses else FAILED


def run_checks(evidence: Object) -> list[Object]:
    """That the run has failed, if it has: what runs now may well be all right, and is not what was wanted."""
    failure = evidence["failure"]
    return [check(RUN, "The run", False, failure["told"], run_of(evidence["meta"]))] if failure else []


def cluster_checks(evidence: Object) -> list[Object]:
    """Rollout, Pods, Service and Ingress."""
    meta, deployment, pods = evidence["meta"], evidence["deployment"], evidence["pods"]
    name, kubectl = meta["name"], kubectl_of(meta)
    route = route_kind(evidence)
    there = f"{kubectl} get deployment,service,{route.lower()} {name}"
    absent = [
        kind
        for kind, found in (
            ("Deployment", deployment),
            ("Service", evidence["service"]),
            ("Ingress", evidence["ingress"]),
        )
        if not found
    ]
    told = f"{', '.join(absent)} {name}: not in namespace {meta['namespace']}" if absent else "all three are there"
    checks = [check("cluster", "Objects in the cluster", not absent, told, there)]
    if not deployment:
        return checks
    wanted = deployment["replicas"]
    current = [pod for pod in pods if pod["current"] and not pod["leaving"]]
    ready = [pod for pod in current if pod["ready"]]
    complete = not deployment["unfinished"] and len(ready) >= wanted
    counted = f"{len(ready)} of {wanted} Pods of revision {deployment['revision']} are ready"
    waits = f"{counted}; still waiting for {deployment['unfinished']}" if deployment["unfinished"] else counted
    rollout = f"{kubectl} rollout status deployment/{name}"
    checks.append(check("cluster", "Rollout of the Deployment", complete, waits, rollout))
    described = f"{kubectl} describe pods -l app.kubernetes.io/instance={name}"
    troubles = "; ".join(deployment["troubles"])
    checks.append(check("cluster", "State of the containers", not troubles, troubles or "none is", described))
    others = [
        f"{pod['name']}/{one['name']} runs {one['image']}"
        for pod in pods
        if not pod["leaving"]
        for one in pod["containers"]
        if one["image"] != deployment["images"].get(one["name"])
    ]
    told = "; ".join(others) or "each runs what the Deployment names"
    listed = f"{kubectl} get pods -o jsonpath='{{.items[*].spec.containers[*].image}}'"
    checks.append(check("cluster", "Images of the Pods", not others, told, listed))
    return [*checks, *way_in_checks(evidence, kubectl, len(ready))]


def way_in_checks(evidence: Object, kubectl: str, ready: int) -> list[Object]:
    """From the Ingress to the Service to the Pods."""
    name, service, ingress = evidence["meta"]["name"], evidence["service"], evidence["ingress"]
    checks = []
    if service:
        behind = len(service["ready"])
        told = f"{behind} ready addresses, {ready} ready Pods"
        passed = behind > 0 and behind >= ready
        made = check(
            "cluster",
            "Pods behind the Service",
            passed,
            told,
            f"{kubectl} get {get_addresses(service['addresses'], name)}",
        )
        checks.append(
            made if service["known"] else skipped(made, "this account may read neither EndpointSlices nor Endpoints")
        )
    if ingress:
        leads = [rule for rule in ingress["rules"] if service and rule["service"] == service["name"]]
        given = "class" if ingress["kind"] == "Ingress" else "Gateway"
        told = f"{given} {ingress['class'] or '(none)'}, {len(leads)} of {len(ingress['rules'])} rules lead there"
        checks.append(
            check(
                "cluster",
                f"Way from the {ingress['kind']} to the Service",
                bool(leads),
                told,
                f"{kubectl} get {ingress['kind'].lower()} {name}",
            )
        )
    return checks


def answer_checks(evidence: Object) -> list[Object]:
    """Each endpoint, through the Ingress and from each replica."""
    meta = evidence["meta"]
    checks = []
    for answer in evidence["answers"]:
        got = answer["error"] or f"{answer['status']} {shortened(answer['body'])}"
        detail = got if answer["right"] else f"expected {answer['expected']}, but got {got}"
        ingress = answer["via"] == INGRESS
        name = title(answer) if ingress else f"{title(answer)} of {answer['via']}"
        command = curl(meta, answer) if ingress else proxied(meta, answer["via"], answer)
        seconds = round((answer["milliseconds"] or [0.0])[0] / 1000, 4)
        made = check("ingress" if ingress else "replica", name, answer["right"], detail, command, seconds)
        checks.append(skipped(made, answer["unsent"]) if answer["unsent"] else made)
    return checks


def certificate_checks(evidence: Object) -> list[Object]:
    """The certificate that users get; one that is not trusted is what their answers say."""
    if not evidence["certificate"]:
        return []
    detail = "; ".join([f"valid until {evidence['certificate']}", *evidence["warnings"]])
    return [check("ingress", "Certificate of the Ingress", True, detail, certificate_of(evidence["meta"]))]


def not_asked(evidence: Object) -> list[Object]:
    """The check that stands for the replicas' answers when nobody may ask them."""
    if not evidence["replica_problem"]:
        return []
    made = check("replica", "Answers of the replicas", True, "", proxied(evidence["meta"], "POD", ANY))
    return [skipped(made, evidence["replica_problem"])]


def image_checks(evidence: Object) -> list[Object]:
    """Images are named by digest, and are what their registry has under it."""
    checks = []
    for image in evidence["images"]:
        reference = image["reference"]
        command = manifest_of(evidence["meta"], reference)
        name = f"Image of container {image['container']} in its registry"
        if image["problem"]:
            checks.append(skipped(check("image", name, True, "", command), image["problem"]))
            continue
        _, _, pinned = reference.partition("@")
        same = not pinned or image["digest"] == pinned
        told = image["digest"] if pinned else f"{image['digest']}, named by a tag that may move"
        checks.append(check("image", name, same, told, command))
    return checks
