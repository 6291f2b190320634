"""A wrong version replaces nobody: the rollout is held until a new Pod is known to be right."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.hold import HOLD_SECONDS, Hold
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import View

from rollouts import deployment


class Recorder:
    """Takes patches, or refuses them; what a cluster makes of minReadySeconds is for a real one to show."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.seconds: list[Any] = []

    def request(self, method: str, path: str, query: dict[str, str], body: Any, kind: str) -> None:
        assert (method, path, kind) == ("PATCH", "/d", "application/merge-patch+json")
        if self.refuses:
            raise KubeError("forbidden")
        self.seconds.append(body["spec"]["minReadySeconds"])


def view(replicas: int = 4, updated: int = 1, observed: int = 2) -> View:
    shown = deployment(replicas=replicas, updatedReplicas=updated, observedGeneration=observed)
    return View(shown, [], [], [], 0.0)


def holding(seconds: int = 0, **more: Any) -> tuple[Hold, Recorder]:
    recorder = Recorder(**more)
    hold = Hold(recorder, "/d")
    hold.note(deployment(spec={"minReadySeconds": seconds}))
    return hold, recorder


def test_held_while_nobody_is_known_to_be_right_and_let_go_at_once() -> None:
    hold, recorder = holding()
    for doubtful in (True, True, False, False):
        hold.keep(view(), doubtful)
    assert recorder.seconds == [HOLD_SECONDS, None]


def test_held_again_where_a_later_pod_is_wrong() -> None:
    hold, recorder = holding()
    for doubtful in (True, False, True):
        hold.keep(view(), doubtful)
    assert recorder.seconds == [HOLD_SECONDS, None, HOLD_SECONDS]


@pytest.mark.parametrize(
    "seen", [view(replicas=3, updated=3), view(observed=1)], ids=["nobody to be replaced", "not noticed yet"]
)
def test_not_held(seen: View) -> None:
    hold, recorder = holding()
    hold.keep(seen, True)
    assert recorder.seconds == []


def test_what_a_killed_run_has_left_is_taken_away() -> None:
    hold, recorder = holding(HOLD_SECONDS)
    hold.release()
    assert recorder.seconds == [None]


def test_seconds_that_somebody_else_has_set_are_left_alone() -> None:
    hold, recorder = holding(5)
    hold.keep(view(), True)
    hold.keep(view(), False)
    hold.release()
    assert recorder.seconds == []


def test_who_may_not_hold_goes_on_without() -> None:
    hold, _ = holding(refuses=True)
    hold.keep(view(), True)
    assert hold.seconds == 0
