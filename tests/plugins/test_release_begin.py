"""A release begins as one step, or not at all: the lock, the plan as it is by then, and what can be gone back to."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store import Store

from fake_api_server import Reply
from fake_objects import client
from planned_runs import Cluster, Run, run_on

LEASE = "/apis/coordination.k8s.io/v1/namespaces/n/leases/me-release"
SECRET = "/api/v1/namespaces/n/secrets/me"
DEPLOYMENT = "/apis/apps/v1/namespaces/n/deployments/me"
NAMESPACE = "/api/v1/namespaces/n"


class Busy(Cluster):
    """Something happens in it between a run's plan and its lock, which begins with the question for rights."""

    def __init__(self) -> None:
        super().__init__()
        self.allows = True
        self.meanwhile: Callable[[], None] = lambda: None

    def route(self, method: str, target: str, body: Any) -> Reply:
        if "selfsubject" in target:
            self.meanwhile()
            rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}] if self.allows else []
            return 201, {"status": {"resourceRules": rules, "allowed": False}}
        if method == "PATCH" and target.startswith(f"{NAMESPACE}?") and "dryRun" not in target:
            self.writes.append((method, NAMESPACE))
            return 200, self.add("/api/v1/namespaces", body)
        return super().route(method, target, body)

    @property
    def written(self) -> set[str]:
        return {path for _, path in self.writes}


@pytest.fixture
def cluster() -> Busy:
    return Busy()


@pytest.fixture
def run(tmp_path: Path, cluster: Busy) -> Iterator[Run]:
    with run_on(cluster, tmp_path) as found:
        yield found


def test_a_first_release_holds_the_lock_and_has_nothing_to_go_back_to(run: Run, cluster: Busy) -> None:
    _, plan = run(begin={})
    assert plan is not None
    assert cluster.kept[LEASE]["metadata"]["annotations"]["fastapi-mysql-k8s/holder"].count(plan["lock"])
    assert plan["first"]
    assert plan["restorable"] == 0
    assert not plan["namespace_made"]
    assert plan["differs"]
    assert cluster.written == {LEASE}


def test_the_namespace_is_made_for_the_lock_to_be_in(run: Run, cluster: Busy) -> None:
    del cluster.kept[NAMESPACE]
    _, plan = run(begin={"hold_to": "/no/such/plan"})
    assert plan is not None
    # And a plan that was saved did not foresee that.
    assert plan["namespace_made"]
    assert [path for _, path in cluster.writes] == [NAMESPACE, LEASE]


def test_what_another_run_has_done_meanwhile_counts(run: Run, cluster: Busy) -> None:
    _, plan = run()
    assert plan is not None

    def rotate() -> None:
        words = {name: base64.b64encode(b"another-word").decode() for name in ("MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD")}
        cluster.kept[SECRET]["data"] |= words
        cluster.kept[SECRET]["metadata"]["resourceVersion"] = "4711"

    cluster.deploy(plan["manifests"])
    cluster.meanwhile = rotate
    output, again = run(app_replicas=2, begin={})
    assert again is not None
    assert again["credentials"]["password"] == "another-word"
    assert "Secret me has changed since this run began" in output
    assert "another-word" not in output
    assert again["number"] == again["restorable"] == 1


def test_what_fails_under_the_lock_leaves_neither_lock_nor_revision(run: Run, cluster: Busy) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    output, _ = run(app_replicas=2, begin={"hold_to": "/no/such/plan"}, fails=True)
    assert "/no/such/plan" in output
    assert plan["credentials"]["password"] not in output
    assert cluster.written == {LEASE}
    assert LEASE not in cluster.kept


def test_without_the_rights_nothing_is_touched(run: Run, cluster: Busy) -> None:
    cluster.allows = False
    output, _ = run(begin={}, fails=True)
    assert "may not get secrets (Secret), create secrets (Secret)" in output
    assert "create leases.coordination.k8s.io (Lease)" in output
    assert "watch pods (Pod)" in output
    assert cluster.written == set()


def test_a_release_that_goes_back_knows_where_to_and_plans_nothing(run: Run, cluster: Busy) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    Store(client(run.variables["app_base_url"]), "n", "me").record("deployed", 0, 5, {"endpoints": [{"path": "/then"}]})
    cluster.kept[DEPLOYMENT]["spec"]["replicas"] = 4
    _, back = run(app_replicas=4, begin={"revision": 1})
    assert back is not None
    assert back["back_to"] == 1
    assert back["back_checks"] == {"endpoints": [{"path": "/then"}]}


def test_nothing_is_deployed_while_maintenance_is_on_also_where_it_was_turned_on_meanwhile(
    run: Run, cluster: Busy
) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    service = cluster.kept["/api/v1/namespaces/n/services/me"]

    def turn_on() -> None:
        service["spec"]["selector"] = {"fastapi-mysql-k8s/maintenance": "me"}

    cluster.meanwhile = turn_on
    told, _ = run(begin={}, fails=True, app_replicas=2)
    assert "Maintenance of me is on: end it first (make maintenance-off). Nothing was applied." in told
    assert LEASE not in cluster.kept
    before = dict(cluster.kept)
    told, _ = run(fails=True)
    assert "Maintenance of me is on" in told
    assert "an apply is refused: Maintenance of me is on" in run("--check")[0]
    assert cluster.kept == before


def test_nothing_is_rolled_back_while_maintenance_is_on(run: Run, cluster: Busy) -> None:
    _, plan = run()
    assert plan is not None
    cluster.deploy(plan["manifests"])
    Store(client(run.variables["app_base_url"]), "n", "me").record("deployed", 0, 5, {})
    service = cluster.kept["/api/v1/namespaces/n/services/me"]

    def turn_on() -> None:
        service["spec"]["selector"] = {"fastapi-mysql-k8s/maintenance": "me"}

    cluster.meanwhile = turn_on
    told, _ = run(begin={"revision": 1}, fails=True)
    assert "Maintenance of me is on: end it first (make maintenance-off). Nothing was changed." in told
    assert LEASE not in cluster.kept
