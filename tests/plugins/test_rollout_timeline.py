"""Which Pod did what when, from what a watcher sees one after the other."""

from __future__ import annotations

from typing import Any

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.timeline import Timeline
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import View

from rollouts import START, at, deployment, pod, replica_set, runs, waits

Object = dict[str, Any]


def seen(second: float, *pods: Object) -> View:
    return View(deployment(), [replica_set()], list(pods), [], START + second)


def made(name: str, second: float, *states: Object, hashed: str = "new", **conditions: float) -> Object:
    listed = [{"type": kind, "status": "True", "lastTransitionTime": at(when)} for kind, when in conditions.items()]
    item = pod(*states, name=name, conditions=listed)
    item["metadata"] |= {"creationTimestamp": at(second), "labels": {"pod-template-hash": hashed}}
    return item


def test_what_was_before_is_as_the_cluster_says_and_what_comes_is_as_it_is_seen() -> None:
    timeline = Timeline()
    old = made("old", -600, runs("api", -590, ready=True), hashed="old", PodScheduled=-599, Ready=-580)
    timeline.note(seen(10, old, made("new", 9, waits("api", "ContainerCreating"), PodScheduled=9)))
    timeline.note(seen(12.34, old, made("new", 9, runs("api", 12), PodScheduled=9)))
    timeline.note(seen(15.08, old, made("new", 9, runs("api", 12, ready=True), PodScheduled=9, Ready=15)))
    old["metadata"] |= {"deletionTimestamp": at(45), "deletionGracePeriodSeconds": 30}
    timeline.note(seen(15.52, old, made("new", 9, runs("api", 12, ready=True), PodScheduled=9, Ready=15)))
    timeline.note(seen(20.06, made("new", 9, runs("api", 12, ready=True), PodScheduled=9, Ready=15)))
    found = timeline.as_dict()
    assert (found["began"], found["seconds"]) == (at(10), 10.1)
    assert [(one["name"], one["current"]) for one in found["pods"]] == [("old", False), ("new", True)]
    assert found["pods"][0]["moments"] == {
        "created": -610.0,
        "scheduled": -609.0,
        "ready": -590.0,
        "started": -600.0,
        "leaving": 5.5,
        "gone": 10.1,
    }
    assert found["pods"][1]["moments"] == {"created": -1.0, "scheduled": -1.0, "started": 2.3, "ready": 5.1}


def test_nothing_watched_is_nothing_told() -> None:
    assert Timeline().as_dict() == {"began": "", "seconds": 0.0, "pods": []}
