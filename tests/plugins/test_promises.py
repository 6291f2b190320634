"""The judge of the faults (tests/faults) sees each promise that is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from promises import TARGET, broken

CAUSE = "ImagePullFailed"
FAULT = {"cause": CAUSE}
REFUSED = {"refused": "Nothing was"}
FORBIDDEN = 'User "x" cannot patch resource "{}" in API group "networking.k8s.io". Nothing was applied.'


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A black box as it should be."""
    folder = tmp_path / "20260101T000000Z"
    (folder / "logs").mkdir(parents=True)
    (folder / "cause.json").write_text(json.dumps({"type": CAUSE}))
    (folder / "pods.json").write_text(json.dumps([{"metadata": {}}]))
    for name in ("summary.md", "events.txt", "ingress.txt", "logs/p.api.log"):
        (folder / name).write_text("text")
    return folder


def result(box: Path | str, **more: Any) -> dict[str, Any]:
    output = f"[ERROR]: {CAUSE}: no. It was rolled back to revision 3, which is up and verified. Black box: {box}"
    good = {"named": True, "expected": CAUSE, "seconds": 3.0, "rc": 2, "took": 30.0, "users": 9, "users_failed": 0}
    good |= {"users_outage": 0.0, "equal": True, "touched": True, "differs": [], "verified": True, "output": output}
    return good | more


def test_all_is_as_promised(box: Path) -> None:
    assert broken(result(box), FAULT) == []
    assert broken(result(box, touched=False, seconds=None), REFUSED) == []
    assert broken(result(box, seconds=61.0), FAULT | {"told": 60}) == []
    assert broken(result(box, users_failed=4, users_outage=20.0), FAULT | {"outage": 20}) == []


@pytest.mark.parametrize(
    ("more", "fault", "problem"),
    [
        ({"named": False}, FAULT, "was not named"),
        ({"seconds": None}, FAULT, "no time was measured"),
        ({"seconds": 17.0}, FAULT, "after it could be seen"),
        ({"seconds": 62.0}, FAULT | {"told": 60}, "after it could be seen"),
        ({"rc": 0}, FAULT, "did not fail"),
        ({"rc": 0, "touched": False}, REFUSED, "did not fail"),
        ({"touched": True}, REFUSED, "something was written"),
        ({"users_failed": 1, "users_got": {"502": 1}, "users_outage": 0.2}, FAULT, "requests failed (1 502)"),
        ({"users_failed": 4, "users_outage": 21.0}, FAULT | {"outage": 20}, "allowed: 20 s"),
        ({"took": 301.0}, FAULT, "it took"),
        ({"users": 0}, FAULT, "no user has asked"),
        ({"equal": False, "differs": ["ingresses"]}, FAULT, "not restored: ingresses"),
        ({"verified": False}, FAULT, "not verified"),
    ],
)
def test_what_is_not_as_promised(box: Path, more: dict[str, Any], fault: dict[str, Any], problem: str) -> None:
    assert any(problem in one for one in broken(result(box, **more), fault)), problem


def test_a_rollback_must_be_told_and_its_box_be_named() -> None:
    problems = broken(result("", output=f"[ERROR]: {CAUSE}: going back failed as well"), FAULT)
    assert problems == ["it was not said that it was rolled back and verified", "no black box was named"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("cause.json", '{"type": "CrashLoop"}', "names CrashLoop"),
        ("cause.json", "", "cannot be read"),
        ("pods.json", "[]", "holds no Pods"),
        ("events.txt", "", "lacks events.txt"),
        ("logs/p.api.log", None, "holds no log"),
        ("logs/p.api.log", "PASSWORD", "a password is in p.api.log"),
    ],
)
def test_a_black_box_that_is_of_no_use(box: Path, name: str, text: str | None, problem: str) -> None:
    file = box / name
    password = str(yaml.safe_load(TARGET.read_text())["app_db_password"])
    if text is None:
        file.unlink()
    else:
        file.write_text(json.dumps({"a": password}) if text == "PASSWORD" else text)
    assert any(problem in one for one in broken(result(box), FAULT)), problem


@pytest.mark.parametrize(
    ("kinds", "right"), [(["ingresses"], True), (["ingresses", "networkpolicies"], False), ([], False)]
)
def test_an_account_that_lacks_more_or_less_than_one_kind(box: Path, kinds: list[str], right: bool) -> None:
    said = " ".join(FORBIDDEN.format(kind) for kind in kinds)
    assert (broken(result(box, touched=False, output=said), REFUSED | {"lacks": "ingresses"}) == []) is right
