"""Naming what keeps a rollout from completing, and since when it is hopeless."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import Cause
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.cluster import hindrances
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.evidence.names import Names
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.causes import (
    RANKS,
    Rules,
    troubles,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.hints import cordoned, hinted
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.judge import Judge
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.remedies import REMEDIES
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import View

from fake_api_server import serving
from fake_api_server import status as status_of
from fake_objects import client
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
        ("InvalidImageName", "", "ImageNameInvalid", "'registry/api:1' is not an image name"),
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
    moments = [view(waiting, now=second) for second in (0, 59, 60)]
    assert verdicts(*moments) == ["", "", "Unschedulable"]
    # Whoever has set a patience gets that.
    assert verdicts(*(view(waiting, now=second) for second in (0, 19, 20)), rules=Rules(20))[1:] == [
        "",
        "Unschedulable",
    ]
    assert verdicts(*(view(waiting, now=second) for second in (60, 99)), rules=Rules(90)) == ["", ""]
    # An autoscaler that has asked its cloud after 40 s.
    late = [event("TriggeredScaleUp", "pod triggered scale-up", 40, container="")]
    moments = [view(waiting, now=second) for second in (0, 39)] + [view(waiting, now=95, events=late, began=START)]
    assert verdicts(*moments) == [""] * 3
    scaling = [event("TriggeredScaleUp", "pod triggered scale-up", container="")]
    assert verdicts(*(view(waiting, now=second, events=scaling) for second in (0, 200))) == ["", ""]


def test_a_file_that_is_to_be_where_the_image_has_a_folder() -> None:
    """What runc says first is where it was, and last what was wrong."""
    place = f"/var/lib/kubelet/pods/{'8369a4c6-de09-' * 12}/volume-subpaths/f/api/0"
    words = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f'unable to start container process: error during container init: error mounting "{place}" to rootfs at '
        '"/etc/shop": not a directory'
    )
    broken = pod(rests("api", 2, ended(128, 0, 0, "StartError", words)))
    cause = troubles(view(broken), Rules())[0].cause
    assert (cause.type, "app_files" in cause.remedy) == ("ContainerCannotStart", True)


def claiming(words: str = "") -> dict[str, Any]:
    """A Pod without a node that mounts a claim, and what the scheduler says of it."""
    no = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": f"0/1 nodes: {words}"}
    made = pod(name="p", conditions=[no] if words else [])
    made["spec"] |= {"nodeName": "", "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}
    return made


UNBOUND = "pod has unbound immediate PersistentVolumeClaims"


@pytest.mark.parametrize(
    ("words", "reason", "due"),
    [
        ('persistentvolumeclaim "data" not found', "", 12),
        ('persistentvolumeclaim "data" is being deleted', "", 12),
        (UNBOUND, "FailedBinding", 12),
        (UNBOUND, "ProvisioningFailed", 12),
        # Nobody says anything, which somebody would who works at it.
        (UNBOUND, "", 20),
        ("1 node(s) didn't find available persistent volumes to bind.", "", 20),
        (UNBOUND, "ExternalProvisioning", 60),
        # The scheduler has chosen a node, and waits for the volume there.
        ("", "ProvisioningFailed", 60),
    ],
)
def test_a_claim_that_keeps_a_pod_from_any_node(words: str, reason: str, due: int) -> None:
    events = [event(reason, "the class says why", name="data", container="")] if reason else []
    moments = [view(claiming(words), now=second, events=events) for second in (0, due - 1, due)]
    assert verdicts(*moments) == ["", "", "VolumeNotBound"]
    said = troubles(moments[0], Rules())[0].cause.message
    assert "PersistentVolumeClaim data" in said
    assert ("the class says why" in said) == reason.endswith(("Binding", "Failed"))


def test_a_pod_without_a_node_is_not_said_to_lack_what_it_does_not() -> None:
    theirs = [event("ProvisioningFailed", "of another's claim", name="others", container="")]
    assert verdicts(*(view(claiming(), now=second, events=theirs) for second in (0, 100))) == ["", ""]
    assert verdicts(*(view(claiming("Insufficient cpu"), now=second) for second in (0, 60))) == ["", "Unschedulable"]
    # Whoever has set a patience gets that.
    assert verdicts(*(view(claiming(UNBOUND), now=second) for second in (0, 99)), rules=Rules(100)) == ["", ""]


def test_a_volume_that_another_node_holds() -> None:
    text = 'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node'
    said = [event("FailedAttachVolume", text, container="")]
    cause = troubles(view(pod(waits("api", "ContainerCreating")), events=said), Rules())[0].cause
    assert (cause.type, "ReadWriteMany" in cause.remedy) == ("CannotStartPod", True)


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
    # How long it may take is for whoever watches to say; it may be of an attempt before, or of the version before.
    assert verdicts(view(deployment=stuck), view(deployment=stuck, now=900)) == ["", ""]
    assert [one.cause.type for one in troubles(view(deployment=stuck), Rules())] == ["DeadlineExceeded"]
    assert not troubles(view(deployment=stuck | {"status": stuck["status"] | {"observedGeneration": 1}}), Rules())


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


def watched(*views: View, rules: Rules | None = None) -> list[str]:
    """What is said of each moment by one who begins to watch at second 0, and knows what is older."""
    judge, said = Judge(rules or Rules(), began=START), []
    for one in views:
        up = judge.note(one.pods, one.now)
        known = {"up_since": dict(up), "began": judge.began, "past": judge.past, "ended_before": judge.ends}
        found = judge.look(View(**{**one.__dict__, **known}))
        said.append(found.cause.type if found else "")
    return said


def made(item: dict[str, Any], second: float) -> dict[str, Any]:
    item["metadata"]["creationTimestamp"] = at(second)
    return item


@pytest.mark.parametrize("reason", ["Evicted", "DeadlineExceeded", "UnexpectedAdmissionError"])
def test_pods_that_fell_before_say_nothing_about_now(reason: str) -> None:
    old = [made(pod(name=f"o{number}", phase="Failed", reason=reason), -9000) for number in range(3)]
    new = [made(pod(name=f"n{number}", phase="Failed", reason=reason), number) for number in range(3)]
    assert watched(view(*old), view(*old, *new[:2], now=5), view(*old, *new, now=6)) == ["", "", "Evicted"]
    # One that stood when the watching began, and has fallen since, has no stamp of its end.
    stood = [made(pod(runs("api", -500, ready=True), name=f"s{number}"), -500) for number in range(3)]
    fell = [made(pod(name=f"s{number}", phase="Failed", reason=reason), -500) for number in range(3)]
    assert watched(view(*stood), view(*fell, now=9)) == ["", "Evicted"]


def test_who_looks_without_watching_is_told_of_what_fell_lately() -> None:
    now = time.time() - START
    told = []
    for second in (now - 9000, now - 5):
        pods = [made(pod(name=f"p{number}", phase="Failed", reason="Evicted"), second) for number in range(3)]
        with serving(lambda *_: (200, {"items": []})) as server:
            told.append(hindrances(client(server), Names("n", "d"), deployment(), [replica_set()], pods))
    assert told[0] == [] and "Evicted" in told[1][0]


@pytest.mark.parametrize("reason", ["NodeShutdown", "Terminated", "Preempting"])
def test_pods_that_have_to_move_are_no_fault_of_theirs(reason: str) -> None:
    moved = [made(pod(name=f"n{number}", phase="Failed", reason=reason), number) for number in range(4)]
    assert watched(view(), view(*moved, now=6)) == ["", ""]


def test_ends_of_before_say_nothing_about_now() -> None:
    """Its ConfigMap was put right a minute ago; the node lets the container rest for another four."""
    rest = made(pod(rests("api", 8, ended(1, -62, -61))), -900)
    assert watched(view(rest), view(rest, now=200)) == ["", ""]
    again = made(pod(rests("api", 9, ended(1, 210, 211))), -900)
    more = [made(pod(rests("api", 11, ended(1, second, second + 1))), -900) for second in (280,)]
    assert watched(view(rest), view(again, now=211), view(*more, now=281)) == ["", "", "ContainerExited"]


def test_a_node_that_rests_between_two_pulls_has_not_tried_since() -> None:
    """A pull secret that was made just before the second run."""
    old = made(pod(waits("api", "ImagePullBackOff", "Back-off pulling image")), -600)
    said = [event("Failed", NOT_FOUND, -300)]
    assert watched(*(view(old, now=second, events=said) for second in (0, 6, 200))) == [""] * 3
    tried = [*said, event("Failed", NOT_FOUND, 210)]
    moments = [view(old, now=second, events=tried) for second in (210, 214, 215)]
    assert watched(view(old, events=said), *moments) == ["", "", "", "ImagePullFailed"]


def test_a_pull_secret_that_comes_after_half_a_minute() -> None:
    lacking = made(pod(waits("api", "ErrImagePull", "401 unauthorized")), 0)
    told = [event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (s)", 1, container="")]
    moments = [view(lacking, now=second, events=told) for second in (1, 12, 30)]
    assert watched(*moments, view(made(pod(runs("api", 31)), 0), now=32)) == [""] * 4
    assert watched(*moments, view(lacking, now=62, events=told))[-1] == "ImagePullFailed"


@pytest.mark.parametrize("patience", [20, 60, 600])
@pytest.mark.parametrize("words", ["not found", "401 unauthorized", "x509: certificate"])
def test_no_patience_that_somebody_has_set_is_capped(patience: int, words: str) -> None:
    pull = pod(waits("api", "ErrImagePull", words))
    moments = [view(pull, now=second) for second in (0, patience - 1, patience)]
    assert verdicts(*moments, rules=Rules(patience)) == ["", "", "ImagePullFailed"]


def test_a_refusal_of_before_is_judged_when_it_is_met_again() -> None:
    """The controller tries a quarter of an hour later; the quota was raised meanwhile."""
    status = refused("exceeded quota: q")
    status["conditions"][0]["lastTransitionTime"] = at(-600)
    full = replica_set(**status)
    full["metadata"]["name"] = "rs"
    assert watched(*(view(now=second, replica_sets=[full]) for second in (0, 12, 250))) == [""] * 3
    met = [event("FailedCreate", "exceeded quota", 100, container="", name="rs")]
    assert watched(*(view(now=second, replica_sets=[full], events=met) for second in (100, 112)))[1] == "QuotaExceeded"


def test_events_of_before_say_nothing_about_now() -> None:
    stuck = made(pod(waits("api", "ContainerCreating")), -300)
    said = [event("FailedMount", 'MountVolume.SetUp failed for volume "v": secret "s" not found', -100, container="")]
    assert watched(*(view(stuck, now=second, events=said) for second in (0, 100))) == ["", ""]


def test_a_pod_that_was_not_ready_before_gets_time_to_notice() -> None:
    old = made(pod(runs("api", -900, started=True)), -900)
    assert watched(view(old), view(old, now=20), view(old, now=22)) == ["", "", "ProbeNeverPasses"]


def test_no_clock_runs_while_nothing_is_seen() -> None:
    """Two outages in a row, and nodes that need a moment to say how things are afterwards."""
    down = view(pod(waits("api", "ErrImagePull", "connection refused")))
    judge = Judge()
    for now, missed in ((0.0, 0.0), (8.0, 0.0), (28.0, 20.0), (40.0, 10.0)):
        if missed:
            judge.missed(missed, START + now)
        assert judge.look(View(**{**down.__dict__, "now": START + now})) is None
    assert judge.look(View(**{**down.__dict__, "now": START + 54})) is None
    assert judge.look(View(**{**down.__dict__, "now": START + 55})) is not None
    # A start that was slow and is over, which nobody has heard of yet.
    slow = pod(runs("api", 0))
    judge = Judge()
    judge.missed(25.0, START + 33)
    assert judge.look(view(slow, now=34)) is None
    assert judge.look(view(slow, now=58)) is not None


def test_a_cordoned_node_is_named_in_the_remedy() -> None:
    status = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    words = "0/1 nodes are available: 1 node(s) were unschedulable."
    waiting = pod(name="p", conditions=[status | {"message": words}])
    cause = troubles(view(waiting), Rules())[0].cause
    assert "kubectl get nodes, kubectl uncordon;" in cause.remedy

    for nodes, advice in (
        ((200, {"items": [{"metadata": {"name": "node-2"}}]}), "kubectl uncordon node-2; or request"),
        ((200, {"items": []}), "kubectl get nodes, kubectl uncordon;"),
        (status_of(403, "nodes is forbidden"), "kubectl get nodes, kubectl uncordon;"),
    ):
        # The server leaves out the others itself.
        wanted = {"/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue": nodes}
        with serving(lambda method, path, body, wanted=wanted: wanted[path]) as server:
            assert advice in cordoned(cause, client(server)).remedy


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", True),
        ("[2026-01-01] [7] [INFO] Listening at: http://127.0.0.1:8000 (7)", True),
        ("server listening on localhost:8000", True),
        ("Debugger listening on ws://127.0.0.1:9229/x", False),
        ("API started; its database is 127.0.0.1:3306", False),
        ("INFO:     Uvicorn running on http://0.0.0.0:8000", False),
    ],
)
def test_a_server_on_its_own_loopback(line: str, told: bool) -> None:
    one = runs("api", 0, started=False)
    one["spec"] = {**one["spec"], "ports": [{"name": "http", "containerPort": 8000}]}
    events = [event("Unhealthy", 'Startup probe failed: Get "http://198.18.0.9:8000/": connect: connection refused', 3)]
    moments = [view(pod(one), now=second, events=events, logs={"p/api": line}) for second in (3, 14, 15)]
    assert verdicts(*moments) == ["", "", "ListensOnLoopback" if told else ""]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("/usr/bin/env: 'python3\\r': No such file or directory", "WrongLineEnds"),
        ("env: \u2018bash\\r\u2019: No such file or directory", "WrongLineEnds"),
        ("/bin/sh^M: bad interpreter: No such file or directory", "WrongLineEnds"),
        ("/start.sh: line 2: $'\\r': command not found", "WrongLineEnds"),
        ("/start.sh: set: Illegal option -\r", "WrongLineEnds"),
        ("listen tcp :80: bind: permission denied", "PortForbidden"),
        ("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "PortForbidden"),
        ("[Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied", "PortForbidden"),
        ("Error: listen EACCES: permission denied 0.0.0.0:443", "PortForbidden"),
        ("PermissionError: [Errno 13] Permission denied: '/root/.local/lib/python3.13'", "PackagesUnreadable"),
        ("ModuleNotFoundError: No module named 'fastapi'", "PackagesUnreadable"),
        ("ValueError: no such thing", "ContainerExited"),
        ("PermissionError: [Errno 13] Permission denied: '/data/db'", "ContainerExited"),
    ],
)
def test_mistakes_that_many_make_have_a_type_of_their_own(words: str, kind: str) -> None:
    found = hinted(Cause("ContainerExited", "it ended 3 times", "Its log says why"), words)
    assert found.type == kind
    assert (found.remedy != "Its log says why") is (kind != "ContainerExited")


def test_a_script_that_is_there_and_whose_interpreter_is_not() -> None:
    found = hinted(
        Cause("ContainerExited", "it ended 3 times", "Its log says why."), "exec /e.sh: no such file or directory"
    )
    assert "CRLF" in found.remedy
