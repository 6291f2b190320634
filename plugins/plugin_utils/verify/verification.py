"""Decide whether users get what they should: through the Ingress, and from each Pod behind it."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..causes import Cause
from .answer import Answer
from .endpoints import BARE, expected, matches, mismatch
from .replicas import Behind, comparable, mismatched, outliers
from .request import kind_of, title
from .tls import REMEDIES as OF_CERTIFICATES

Endpoint = dict[str, Any]
# How many wrong answers are told in full.
TOLD = 2
# What an application answers to a request for a name that it does not know.
UNWELCOME = (400, 421)
HOST_HINT = " (does it check the Host header? Requests and probes carry app_ingress_host)"

REMEDIES = {
    "IngressNotAnswering": "Start the Ingress controller there, or correct app_base_url.",
    "NotDeployed": "Deploy it: ansible-playbook site.yml.",
    "RolloutIncomplete": "Wait for the rollout, or deploy again: ansible-playbook site.yml.",
    "ServiceWithoutPods": "Compare the Service's selector with the Pods: ansible-playbook site.yml puts it right.",
    "StalePods": "Deploy again: ansible-playbook site.yml; see kubectl get endpoints and the Service's selector.",
    "ReplicaWrong": "See the log of that Pod; deleting it makes a new one.",
    "ReplicasDisagree": "Do all Pods have the same image and data? Deleting the odd one makes a new one. "
    "A response that may differ: varies: true in verify_endpoints.",
    "WrongAnswer": "Correct the API, or what is expected of it: verify_endpoints.",
    "HostHeader": "Set app_ingress_host to a name that it accepts, which probes and requests to Pods carry, or "
    "verify_replicas: false.",
    "TooSlow": "Find out what is slow, or allow more: max_seconds in verify_endpoints.",
    "IngressNotRouted": "Check app_ingress_class (does a controller serve it?), app_ingress_host, "
    "workload_ingress_annotations, and look for another Ingress with the same host and path: "
    "kubectl get ingress,ingressclass.",
    "RouteNotServed": "app_gateway names the Gateway, and its listener, which must let routes of app_namespace in and "
    "fit app_ingress_host: kubectl describe gateways,httproutes.",
    "WrongBackend": "Look for another Ingress with the same host and path, and whether the controller has followed: "
    "kubectl get ingress.",
    **OF_CERTIFICATES,
}


@dataclass
class Seen:
    """All that one round of asking has brought."""

    base_url: str
    endpoints: list[Endpoint]
    # Each round through the Ingress: an answer for each endpoint.
    ingress: list[list[Answer]] = field(default_factory=list)
    # None: the cluster was not asked.
    behind: Behind | None = None
    replicas: dict[str, list[Answer]] = field(default_factory=dict)
    # The name that was asked for, where it is not the one in the URL.
    host: str = ""
    # What users do not feel yet: a certificate that ends soon.
    warnings: list[str] = field(default_factory=list)


def _cause(kind: str, message: str, pod: str = "") -> Cause:
    return Cause(kind, message, REMEDIES[kind], pod)


def judge(seen: Seen) -> Cause | None:
    """Why users do not get what they should; None when they do. Roots before symptoms."""
    asked = [answer for answers in seen.ingress for answer in answers if not answer.unsent]
    if asked and all(answer.error for answer in asked):
        return _cause(asked[0].distrust or "IngressNotAnswering", f"{seen.base_url} gives {asked[0].shown()}")
    return _of_cluster(seen) or _of_replicas(seen) or _of_ingress(seen)


def _of_cluster(seen: Seen) -> Cause | None:
    behind = seen.behind
    if behind is None:
        return None
    if behind.missing:
        return _cause(
            "NotDeployed", "the Deployment is not in the cluster: whoever responds, it is not what was deployed"
        )
    old, idle = mismatched(behind)
    if not behind.served:
        return _cause("ServiceWithoutPods", "the Service has no Pod to send requests to")
    if old:
        return _cause(
            "StalePods", f"the Service sends users to {', '.join(old)}, which is not of the current version", old[0]
        )
    if behind.lacking:
        return _cause("RolloutIncomplete", f"the rollout is not complete: still waiting for {behind.lacking}")
    route = behind.route
    if route.unserved:
        return _cause("RouteNotServed", f"the HTTPRoute leads nowhere: {route.unserved}")
    if route.hosts and seen.host and not any(serves(name, seen.host) for name in route.hosts):
        # Another deployment of the same thing gives the same answers.
        text = f"the {route.kind} serves {', '.join(route.hosts)}, not {seen.host}: somebody else responds there"
        return _cause("WrongBackend", text)
    below = urllib.parse.urlsplit(seen.base_url).path.rstrip("/")
    for path in (below + str(item["path"]).partition("?")[0] for item in seen.endpoints if route.paths):
        if not any(path == prefix or path.startswith(f"{prefix}/") for prefix in route.paths):
            text = f"the {route.kind} leads only {', '.join(route.paths)} to the Service, not {path}"
            return _cause("WrongBackend", f"{text}: somebody else responds there")
    if idle:
        return _cause("ServiceWithoutPods", f"the Service sends no requests to {', '.join(idle)}", idle[0])
    return None


def serves(rule: str, host: str) -> bool:
    """Whether a rule of an Ingress is for a host: a wildcard is one label, and a port does not count."""
    name = host.partition(":")[0].lower()
    return (name.partition(".")[2] == rule[2:]) if rule.startswith("*.") else name == rule


def _of_replicas(seen: Seen) -> Cause | None:
    wrong: dict[str, list[str]] = {}
    slow = unwelcome = True
    for pod, answers in sorted(seen.replicas.items()):
        for endpoint, answer in zip(seen.endpoints, answers, strict=True):
            if fault := mismatch(answer, endpoint):
                slow = slow and fault.startswith("it took")
                unwelcome = unwelcome and answer.status in UNWELCOME
                wrong.setdefault(pod, []).append(told(f"Pod {pod} at {title(endpoint)}", endpoint, answer, fault))
    if wrong:
        pod, texts = next(iter(wrong.items()))
        others = [name for name in wrong if name != pod]
        everybody = len(wrong) == len(seen.replicas)
        more = (
            "; so does every other Pod"
            if everybody and others
            else (f"; as wrong: {', '.join(others)}" if others else "")
        )
        if unwelcome and _right_through_ingress(seen):
            text = f"the Ingress gets the right responses, so it checks the Host header: {texts[0]}{more}"
            return Cause("WrongAnswer", text, REMEDIES["HostHeader"], pod)
        kind = "TooSlow" if slow else ("WrongAnswer" if everybody else "ReplicaWrong")
        return _cause(kind, "; ".join(texts[:TOLD]) + more, pod)
    for number, endpoint in enumerate(seen.endpoints):
        answers_of = {pod: answers[number] for pod, answers in seen.replicas.items()}
        if odd := outliers(endpoint, answers_of):
            usual = next(answer for pod, answer in sorted(answers_of.items()) if pod not in odd)
            text = f"at {title(endpoint)} Pod {odd[0]} responds with {answers_of[odd[0]].shown()}, "
            text += f"others with {usual.shown()}"
            more = f"; as odd: {', '.join(odd[1:])}" if odd[1:] else ""
            return _cause("ReplicasDisagree", text + more, odd[0])
    return None


def _right_through_ingress(seen: Seen) -> bool:
    rounds = [zip(answers, seen.endpoints, strict=True) for answers in seen.ingress]
    return bool(rounds) and all(matches(answer, item) for one in rounds for answer, item in one)


def _of_ingress(seen: Seen) -> Cause | None:
    texts: list[str] = []
    rest: list[str] = []
    slow = True
    for number, endpoint in enumerate(seen.endpoints):
        faults = [(mismatch(answers[number], endpoint), answers[number]) for answers in seen.ingress]
        found = next(((fault, answer) for fault, answer in faults if fault), None)
        if found is None:
            continue
        slow = slow and found[0].startswith("it took")
        if len(texts) < TOLD:
            texts.append(told(title(endpoint, seen.base_url), endpoint, found[1], found[0]))
        else:
            rest.append(title(endpoint))
    if texts:
        texts += [f"as wrong: {', '.join(rest)}"] if rest else []
        # Where every Pod gives the right answers, it is the way to them that is wrong.
        kind = "TooSlow" if slow else ("IngressNotRouted" if seen.replicas else "WrongAnswer")
        return _cause(
            kind, "; ".join(texts) + ("; requested one by one, every Pod responds right" if seen.replicas else "")
        )
    for number, endpoint in enumerate(seen.endpoints):
        usual = next((answers[number] for _, answers in sorted(seen.replicas.items())), None)
        for answers in seen.ingress:
            answer = answers[number]
            if (
                usual
                and comparable(answer, endpoint)
                and comparable(usual, endpoint)
                and answer.essence() != usual.essence()
            ):
                text = f"{title(endpoint, seen.base_url)} responds with {answer.shown()}, "
                text += f"but every Pod with {usual.shown()}"
                return _cause("WrongBackend", f"{text}: the Ingress leads elsewhere")
    return None


def told(where: str, endpoint: Mapping[str, Any], answer: Answer, fault: str) -> str:
    """Where which answer was expected, and which one came."""
    detail = f" ({answer.hide(fault)})" if fault not in BARE else ""
    detail += HOST_HINT if fault == "status" and answer.status in UNWELCOME else ""
    return f"{where} should respond with {expected(endpoint)}, but gave {answer.shown()}{detail}"


def summary(seen: Seen) -> list[dict[str, str]]:
    """Name, URL and answer of each endpoint through the Ingress, short enough to print."""
    first = seen.ingress[0] if seen.ingress else []
    return [
        {
            "name": str(item.get("name", "")),
            "method": kind_of(item),
            "path": str(item["path"]),
            "url": f"{seen.base_url}{item['path']}",
            "answer": answer.shown(),
            "right": "" if answer.unsent else ("yes" if matches(answer, item) else "no"),
            "seconds": f"{answer.seconds:.3f}",
        }
        for item, answer in zip(seen.endpoints, first, strict=True)
    ]


def replica_summary(seen: Seen) -> list[dict[str, str]]:
    """Each Pod that was asked, and how many of its answers are right."""
    return [
        {
            "pod": pod,
            "right": str(sum(matches(answer, item) and not answer.unsent for answer, item in pairs)),
            "asked": str(sum(not answer.unsent for answer, _ in pairs)),
        }
        for pod, pairs in (
            (name, list(zip(answers, seen.endpoints, strict=True))) for name, answers in sorted(seen.replicas.items())
        )
    ]


def spared(seen: Seen, once: frozenset[int]) -> str:
    """At which endpoints the Pods were not asked, and why; empty where they were at all that may be repeated."""
    answers = next(iter(seen.replicas.values()), [])
    left = [
        (item, one.unsent)
        for number, (item, one) in enumerate(zip(seen.endpoints, answers, strict=False))
        if one.unsent and number not in once
    ]
    return f"{', '.join(title(item) for item, _ in left)}: {left[0][1]}" if left else ""
