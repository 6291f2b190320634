"""Naming what keeps a rollout from completing, and since when it is hopeless."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.rollout_causes import (
    RANKS,
    Rules,
    troubles,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.rollout_judge import Judge
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.rollout_remedies import REMEDIES
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.rollout_view import View

from rollouts import START, at, container, deployment, ended, event, pod, replica_set, rests, runs, view, waits

NOT_FOUND = (
    'Failed to pull image "registry/api:1": rpc error: code = NotFound desc = failed to pull and unpack image: '
    "failed to resolve reference: registry/api:1: not found"
)


def verdicts(*views: View, rules: Rules | None = None) -> list[str]:
    """What the judge says of each moment in a row: a type, or nothing."""
    judge = Judge(rules or Rules())
    said = []
    for one in views:
        judge.note(one.pods, one.now)
        known = View(**{**one.__dict__, "up_since": dict(judge.up_since)})
        found = judge.look(known)
        said.append(found.cause.type if found else "")
    return said


def test_every_cause_has_a_remedy() -> None:
    # Those of the two that have none here depend on the words of the message.
    assert set(RANKS) - set(REMEDIES) == {"ImagePullFailed", "ContainerCannotStart"}


def test_an_image_that_is_not_there() -> None:
    broken = pod(waits("api", "ImagePullBackOff", 'Back-off pulling image "registry/api:1"'))
    events = [event("Failed", NOT_FOUND), event("Failed", "Error: ErrImagePull")]
    found = troubles(view(broken, events=events), Rules())[0].cause
    assert (found.type, found.pod, found.container) == ("ImagePullFailed", "p", "api")
    assert found.message.endswith("cannot be pulled: the registry does not have it (registry/api:1: not found)")
    assert "site.yml --tags build" in found.remedy
    # A registry that says no is believed sooner than one that says nothing.
    assert verdicts(*(view(broken, now=second, events=events) for second in (0, 4, 6))) == ["", "", "ImagePullFailed"]


@pytest.mark.parametrize(
    ("words", "meaning", "final"),
    [
        ("dial tcp 127.0.0.1:5999: connect: connection refused", "cannot reach", False),
        ("pull access denied, repository does not exist or may require authorization", "refuses it", True),
        ("http: server gave HTTP response to HTTPS client", "no TLS", True),
        ("x509: certificate signed by unknown authority", "trust", True),
        ("no match for platform in manifest: not found", "processors", True),
        ("write /var/lib: no space left on device", "disk is full", False),
        ("429 Too Many Requests - toomanyrequests", "rate of pulls", False),
        ("something new", "the message says why", False),
    ],
)
def test_why_an_image_cannot_be_pulled(words: str, meaning: str, final: bool) -> None:
    broken = pod(waits("api", "ErrImagePull", f"rpc error: {words}"))
    found = troubles(view(broken), Rules())[0]
    assert meaning in found.cause.message
    assert (found.patience < Rules().patience) is final


def test_a_registry_that_comes_back_is_no_fault() -> None:
    down = pod(waits("api", "ErrImagePull", "connection refused"))
    assert verdicts(view(down), view(down, now=11), view(pod(runs("api", 12)), now=13), view(down, now=20)) == [""] * 4


@pytest.mark.parametrize(
    ("reason", "words", "kind", "told"),
    [
        ("InvalidImageName", "", "ImageNameInvalid", "'registry/api:1' is no name of an image"),
        ("CreateContainerConfigError", 'secret "s" not found', "SecretMissing", "Secret s is not there"),
        ("CreateContainerConfigError", 'configmap "c" not found', "ConfigMapMissing", "ConfigMap c is not there"),
        (
            "CreateContainerConfigError",
            "couldn't find key PASSWORD in Secret n/s",
            "SecretKeyMissing",
            "Secret n/s has no key PASSWORD",
        ),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root",
            "ContainerCannotStart",
            "will run as root",
        ),
        ("RunContainerError", "container init was OOM-killed (memory limit too low?)", "OutOfMemory", "too small"),
        ("CreateContainerError", 'exec: "x": executable file not found in $PATH', "ContainerCannotStart", "not found"),
    ],
)
def test_a_container_that_cannot_begin(reason: str, words: str, kind: str, told: str) -> None:
    found = troubles(view(pod(waits("api", reason, words))), Rules())[0].cause
    assert found.type == kind
    assert told in found.message
    assert found.remedy


def test_a_node_that_has_not_heard_of_a_secret_yet() -> None:
    """Seen on a busy node: it asks again after 15 s, and finds it."""
    busy = pod(waits("api", "CreateContainerConfigError", "failed to sync secret cache: timed out waiting"))
    assert verdicts(view(busy), view(busy, now=40), view(pod(runs("api", 41)), now=42)) == [""] * 3
    assert verdicts(view(busy), view(busy, now=60)) == ["", "ContainerCannotStart"]


def test_a_name_that_is_none_is_hopeless_at_once() -> None:
    assert verdicts(view(pod(waits("api", "InvalidImageName")))) == ["ImageNameInvalid"]


def test_a_container_that_ends_at_once() -> None:
    once = view(pod(container(state=ended(1, 0, 1))), now=1)
    again = view(pod(runs("api", 1, ends=1)), now=1)
    twice = view(pod(rests("api", 1, ended(1, 1, 2))), now=2)
    thrice = view(pod(rests("api", 2, ended(3, 12, 13, message="no file"))), now=13)
    assert verdicts(once, again, twice, thrice) == ["", "", "", "ContainerExited"]
    told = troubles(thrice, Rules())[0].cause.message
    assert told == "Pod p, container api: it ended 3 times, the last time after 1 s with exit code 3: no file"


def test_a_container_that_rests_after_two_ends_is_given_up_in_time() -> None:
    twice = [view(pod(rests("api", 1, ended(1, 1, 2))), now=second) for second in (2, 13, 14)]
    assert verdicts(*twice) == ["", "", "ContainerExited"]


def test_a_container_that_works_for_a_while_and_then_ends() -> None:
    assert verdicts(view(pod(rests("api", 2, ended(1, 60, 95))), now=95)) == ["CrashLoop"]


def test_ending_while_the_neighbour_still_starts_is_no_fault() -> None:
    """An API that ends because its database is not up yet comes up as soon as that is."""
    moments = [
        view(pod(rests("api", 1, ended(1, 1, 2)), runs("mysql", 0)), now=2),
        view(pod(rests("api", 2, ended(1, 12, 13)), runs("mysql", 0)), now=13),
        view(pod(rests("api", 2, ended(1, 12, 13)), runs("mysql", 0, ready=True)), now=20),
        view(pod(rests("api", 2, ended(1, 12, 13)), runs("mysql", 0, ready=True)), now=32),
        view(pod(runs("api", 33, ends=3), runs("mysql", 0, ready=True)), now=34),
    ]
    assert verdicts(*moments) == [""] * 5
    still = view(pod(rests("api", 3, ended(1, 33, 34)), runs("mysql", 0, ready=True)), now=35)
    assert verdicts(*moments, still)[-1] == "ContainerExited"


def test_ending_five_times_is_a_fault_whatever_the_neighbour_does() -> None:
    assert verdicts(view(pod(rests("api", 4, ended(1, 70, 71)), runs("mysql", 0)), now=71)) == ["ContainerExited"]


def test_how_many_ends_are_too_many_can_be_set() -> None:
    once = view(pod(container(state=ended(1, 0, 1))), now=1)
    assert verdicts(once, rules=Rules(ends=1)) == ["ContainerExited"]
    thrice = view(pod(rests("api", 2, ended(1, 12, 13))), now=13)
    assert verdicts(thrice, rules=Rules(ends=6)) == [""]


def test_a_container_that_has_ended_long_ago_and_is_briefly_not_ready() -> None:
    old = pod(runs("api", -9000, ends=7, lastState=ended(1, -9100, -9000)))
    old["status"]["conditions"] = [{"type": "ContainersReady", "status": "False", "lastTransitionTime": at(0)}]
    assert verdicts(*(view(old, now=second) for second in (0, 5, 20))) == [""] * 3


def test_out_of_memory() -> None:
    small = rests("api", 1, ended(137, 1, 2, "OOMKilled"))
    small["spec"]["resources"] = {"limits": {"memory": "8Mi"}}
    once = runs("api", 1, ends=1, lastState=ended(137, 0, 1, "OOMKilled"))
    assert verdicts(view(pod(once), now=1), view(pod(small), now=2)) == ["", "OutOfMemory"]
    assert "more memory than 8Mi" in troubles(view(pod(small)), Rules())[0].cause.message


def test_a_program_that_is_not_there() -> None:
    last = ended(128, 0, 0, "StartError", 'exec: "nope": executable file not found in $PATH')
    assert verdicts(view(pod(rests("api", 1, last)))) == ["ContainerCannotStart"]


def refused(message: str, kind: str = "ReplicaFailure") -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True", "reason": "FailedCreate", "message": message}]}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3', "QuotaExceeded"),
        ('pods "p" is forbidden: failed quota: q: must specify limits.cpu', "QuotaExceeded"),
        ('admission webhook "w" denied the request: no', "AdmissionRefused"),
        ('pods "p" is forbidden: maximum memory usage per Container is 64Mi, but limit is 256Mi', "AdmissionRefused"),
        ('error looking up service account n/s: serviceaccount "s" not found', "ServiceAccountMissing"),
    ],
)
def test_pods_that_the_cluster_does_not_make(words: str, kind: str) -> None:
    moments = [view(now=second, replica_sets=[replica_set(**refused(words))]) for second in (0, 11, 12)]
    assert verdicts(*moments) == ["", "", kind]


def test_a_quota_that_leaving_pods_free() -> None:
    """Patience begins when the last of them is gone, and is as long as the cluster's own pause by then."""
    full = [replica_set(**refused("exceeded quota: q"))]
    leaving = pod(name="old")
    leaving["metadata"] |= {"deletionTimestamp": at(40), "labels": {"pod-template-hash": "old"}}
    moments = [view(leaving, now=second, replica_sets=full) for second in (0, 20, 45)]
    moments += [view(now=second, replica_sets=full) for second in (46, 89, 90)]
    assert verdicts(*moments) == [""] * 5 + ["QuotaExceeded"]


def test_a_pod_that_no_node_takes() -> None:
    status = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes: Insufficient cpu",
    }
    waiting = pod(name="p", conditions=[status])
    moments = [view(waiting, now=second) for second in (0, 12)]
    assert verdicts(*moments) == ["", "Unschedulable"]
    scaling = [event("TriggeredScaleUp", "pod triggered scale-up", container="")]
    assert verdicts(*(view(waiting, now=second, events=scaling) for second in (0, 200))) == ["", ""]


def test_a_secret_that_a_volume_wants() -> None:
    made = pod(waits("api", "ContainerCreating"))
    said = [event("FailedMount", 'MountVolume.SetUp failed for volume "v": secret "s" not found', container="")]
    assert troubles(view(made, events=said), Rules())[0].cause.type == "SecretMissing"
    said = [event("FailedCreatePodSandBox", "container init was OOM-killed (memory limit too low?)", container="")]
    assert troubles(view(made, events=said), Rules())[0].cause.type == "OutOfMemory"
    said = [event("FailedCreatePodSandBox", "failed to set up network", container="")]
    assert verdicts(*(view(made, now=second, events=said) for second in (0, 59, 60))) == ["", "", "CannotStartPod"]


def test_pods_that_nodes_give_up() -> None:
    fallen = [pod(name=f"p{number}", phase="Failed", reason="Evicted", message="low on memory") for number in range(3)]
    assert verdicts(view(*fallen[:2]), view(*fallen)) == ["", "Evicted"]


def test_paused() -> None:
    moments = [view(now=second, deployment=deployment(spec={"paused": True})) for second in (0, 12)]
    assert verdicts(*moments) == ["", "Paused"]


def test_the_cluster_itself_has_given_up() -> None:
    stuck = deployment(conditions=[{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}])
    assert verdicts(view(deployment=stuck)) == ["DeadlineExceeded"]


def test_a_probe_that_never_passes() -> None:
    """Its own times are what it gets: 20 s and 3 to start, 6 and 3 to be ready."""
    unready = pod(runs("api", 0, started=True))
    said = [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 9)]
    moments = [view(unready, now=second, events=said) for second in (0, 31, 32)]
    assert verdicts(*moments) == ["", "", "ProbeNeverPasses"]
    told = troubles(moments[-1], Rules())[0].cause.message
    assert "its readiness probe never passes: Readiness probe failed: HTTP probe failed with statuscode: 503" in told


def test_without_a_startup_probe_a_start_may_take_as_long_as_is_set() -> None:
    slow = runs("api", 0)
    slow["spec"] = {"name": "api"}
    moments = [view(pod(slow), now=second) for second in (0, 120)]
    assert verdicts(*moments, rules=Rules(startup=120)) == ["", "ProbeNeverPasses"]
    assert verdicts(*moments, rules=Rules(startup=121)) == ["", ""]


def test_a_container_that_was_ready_gets_the_same_time_again() -> None:
    fell = pod(runs("api", -500, started=True))
    fell["status"]["conditions"] = [{"type": "ContainersReady", "status": "False", "lastTransitionTime": at(0)}]
    assert verdicts(*(view(fell, now=second) for second in (1, 31, 32))) == ["", "", "ProbeNeverPasses"]


def test_the_api_waits_for_the_database_as_long_as_that_may_take() -> None:
    slow = runs("mysql", 0)
    slow["spec"]["startupProbe"] = {"periodSeconds": 2, "failureThreshold": 150}
    moments = [view(pod(runs("api", 0, started=True), slow), now=second) for second in (200, 320)]
    assert verdicts(*moments) == ["", "ProbeNeverPasses"]
    assert troubles(moments[-1], Rules())[0].cause.container == "mysql"


@pytest.mark.parametrize("by_event", [True, False])
def test_ended_for_its_startup_probe(by_event: bool) -> None:
    killed = pod(runs("api", 23, ends=1, lastState=ended(137, 0, 23)))
    said = [event("Unhealthy", "Startup probe failed: connection refused", 20)]
    said += [event("Killing", "Container api failed startup probe, will be restarted", 20)] if by_event else []
    moments = [view(killed, now=second, events=said) for second in (23, 34, 35)]
    assert verdicts(*moments) == ["", "", "ProbeNeverPasses"]


def test_a_database_that_refuses_the_login() -> None:
    log = {"p/api": "database: (1045, \"Access denied for user 'api'@'127.0.0.1' (using password: YES)\")"}
    moments = [view(pod(runs("api", 0, started=True)), now=second, logs=log) for second in (6, 13, 14)]
    assert verdicts(*moments) == ["", "", "CredentialsRefused"]
    said = [event("Unhealthy", "Startup probe failed: ERROR 1045 (28000): Access denied for user 'root'", 5, "mysql")]
    found = troubles(view(pod(runs("mysql", 0)), now=6, events=said), Rules())
    assert found[0].cause.type == "CredentialsRefused"
    assert not [item for item in troubles(view(pod(runs("mysql", 0)), now=60, events=said), Rules()) if item.rank < 17]


def test_the_root_is_named_rather_than_its_symptom() -> None:
    """The API ends because its database's image cannot be pulled."""
    both = pod(rests("api", 4, ended(1, 60, 61)), waits("mysql", "ErrImagePull", "not found"))
    assert verdicts(view(both, now=61)) == ["ImagePullFailed"]


def test_trouble_of_older_versions_is_no_news() -> None:
    old = pod(waits("api", "InvalidImageName"))
    old["metadata"]["labels"]["pod-template-hash"] = "old"
    assert verdicts(view(old)) == [""]
    # Until the cluster has noticed the new version, what it calls current is the one before.
    unseen = deployment(observedGeneration=1)
    assert verdicts(view(pod(waits("api", "InvalidImageName")), deployment=unseen)) == [""]


def test_a_pod_that_starts_is_no_trouble() -> None:
    starting = pod(waits("api", "ContainerCreating"), waits("mysql", "PodInitializing"))
    assert verdicts(view(starting, now=500)) == [""]


def test_initial_containers() -> None:
    done = container("setup", state=ended(0, 0, 1, "Completed"))
    begun = pod(runs("api", 2, ready=True))
    begun["spec"]["initContainers"], begun["status"]["initContainerStatuses"] = [done["spec"]], [done["status"]]
    assert troubles(view(begun), Rules()) == []
    begun["status"]["initContainerStatuses"] = [rests("setup", 2, ended(1, 0, 1))["status"]]
    assert troubles(view(begun, now=2), Rules())[0].cause.type == "ContainerExited"


def test_when_to_look_again() -> None:
    judge = Judge()
    judge.look(view(pod(waits("api", "ErrImagePull", "refused"))))
    assert judge.next_look(START + 2) == 10
    judge.look(view())
    assert judge.next_look(START) == float("inf")
