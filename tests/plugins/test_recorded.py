"""Rollouts as a real cluster reported them, moment by moment (tests/faults/record.py): the cause, and how soon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.deployments import unfinished
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.judge import Judge
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.rollout.view import View, containers

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*/*.json"))
# From when the trouble that is named began, without the time that probes are given.
PROMISED = 15.0
# But a node that an autoscaler brings is waited for; recordings end sooner than that.
ROOM = 60.0


def replayed(moments: list[dict[str, Any]]) -> tuple[str, float, float]:
    """The type of the cause, when it was named, and since when that trouble could be seen."""
    judge = Judge()
    known: dict[str, Any] = {}
    for number, moment in enumerate(moments):
        known |= {key: value for key, value in moment.items() if key != "now"}
        following = moments[number + 1]["now"] if number + 1 < len(moments) else moment["now"]
        now = moment["now"]
        while True:
            view = View(**known, now=now, up_since=dict(judge.note(known["pods"], now)))
            if not unfinished(view.deployment):
                return "", now, now
            found = judge.look(view)
            if found:
                return found.cause.type, now, max(judge.since[found.key], found.not_before)
            # Nothing changes until the next moment, but time passes.
            now += judge.next_look(now) + 0.01
            if now >= following and not (moment is moments[-1] and now < moments[-1]["now"] + ROOM):
                break
    return "never", 0.0, 0.0


def test_the_oldest_and_the_newest_release_were_recorded_alike() -> None:
    recorded = {
        release: {path.stem for path in RECORDED if path.parent.name == release} for release in ("1.20", "1.37")
    }
    assert len(recorded["1.20"]) >= 15
    assert recorded["1.37"] == recorded["1.20"]


@pytest.mark.parametrize("path", RECORDED, ids=[f"{path.parent.name} {path.stem}" for path in RECORDED])
def test_recorded(path: Path) -> None:
    recording = json.loads(path.read_text(encoding="utf-8"))
    kind, named, seen = replayed(recording["moments"])
    assert kind == recording["cause"]
    if kind:
        assert named - seen <= (ROOM + 1 if kind == "Unschedulable" else PROMISED)


def test_recordings_hold_what_is_judged() -> None:
    pods = [
        pod for path in RECORDED for moment in json.loads(path.read_text())["moments"] for pod in moment.get("pods", [])
    ]
    assert any(containers(pod) for pod in pods)
