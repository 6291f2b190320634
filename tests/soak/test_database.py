"""A database killed while it is made starts over; all replicas serve one source, and follow it when it changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playbook_runner import Target, copy_context
from record import let_root
from surroundings import Cluster, get

from containers import container, kill, pods, processes, until

# What a stock MySQL's entrypoint does: it fills what is empty, and takes what is there for complete.
STOCK = """#!/bin/sh
set -eu
data=/var/lib/mysql
if [ ! -d $data/mysql ]; then
  echo "initialising"
  mkdir $data/mysql
  sleep 6
  cp -R /usr/share/mysql-seed/. $data/
fi
# The server takes one statement a line.
echo "CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';" >/tmp/init
echo "GRANT ALL ON *.* TO root@'%';" >>/tmp/init
exec mariadbd --user=root --init-file=/tmp/init --port=$MYSQL_TCP_PORT --bind-address=127.0.0.1
"""


def served(cluster: Cluster, target: Target) -> set[str]:
    """The lists of users that the Pods give, one by one: one list if they agree."""
    answers = set()
    for pod in pods(cluster, target.namespace):
        path = f"/api/v1/namespaces/{target.namespace}/pods/{pod['metadata']['name']}:8000/proxy/users/2"
        answers.add(cluster.client.text(path))
    return answers


def initialising(cluster: Cluster, target: Target) -> bool:
    """Whether the database of the first Pod has begun to make its data."""
    found = pods(cluster, target.namespace)
    if not found or not container_runs(found[0]):
        return False
    return any(b"sleep" in Path(f"/proc/{one}/cmdline").read_bytes() for one in processes(found[0], "mysql"))


def container_runs(pod: dict[str, Any]) -> bool:
    statuses = pod["status"].get("containerStatuses") or []
    return any(item["name"] == "mysql" and "running" in item["state"] for item in statuses)


def killed_in_its_initialisation(cluster: Cluster, target: Target) -> dict[str, Any]:
    """Restart the Pod, kill its database in the middle of its start, and wait until users are served again."""
    pod = pods(cluster, target.namespace)[0]
    path = f"/api/v1/namespaces/{target.namespace}/pods/{pod['metadata']['name']}"
    cluster.client.request("DELETE", path, body={"gracePeriodSeconds": 0})
    until(lambda: initialising(cluster, target), 60, "a database that is being made")
    pod = pods(cluster, target.namespace)[0]
    kill(pod, "mysql")

    def up() -> bool:
        now = pods(cluster, target.namespace)[0]
        return container(now, "mysql")["restartCount"] >= 1 and container(now, "mysql")["ready"]

    took = until(up, 90, "the database again")
    until(lambda: get("/users/2", target.host)[0] == 200, 30, "users served again")
    log = cluster.client.text(f"{path.rpartition('/')[0]}/{pod['metadata']['name']}/log", container="mysql")
    return {"back_after": took, "log": log.splitlines()[0], "answer": json.loads(get("/users/2", target.host)[1])}


def test_killed_while_it_is_made_it_starts_over(
    deployed: Any, new_target: Callable[..., Target], cluster: Cluster, tmp_path: Path, note: Callable[[str, Any], None]
) -> None:
    api = cluster.images(deployed.target.namespace, "fastapi-mysql")["api"]
    figures: dict[str, Any] = {}
    for story, hardened in (("own", True), ("stock", False)):
        (tmp_path / story).mkdir()
        context = copy_context("db", tmp_path / story)
        script = context / "entrypoint.sh"
        text = script.read_text(encoding="utf-8")
        slow = text.replace('    cp -R "$seed/." "$data/"', '    sleep 6\n    cp -R "$seed/." "$data/"')
        assert slow != text
        script.write_text(slow if hardened else STOCK, encoding="utf-8")
        if not hardened:
            dockerfile = context / "Dockerfile"
            dockerfile.write_text(dockerfile.read_text("utf-8").replace("USER 10002:10002", "USER 0:0"), "utf-8")
        target = new_target(
            f"init-{story}",
            app_replicas=1,
            app_api_image=api,
            app_db_build_context=str(context),
            app_db_hardened=hardened,
            app_db_user="api" if hardened else "root",
            app_db_password="plain-enough",
        )
        if not hardened:
            cluster.create("/api/v1/namespaces", {"metadata": {"name": target.namespace}})
            let_root(cluster.client, target.namespace)
        target.playbook().succeeded()
        figures[story] = killed_in_its_initialisation(cluster, target)
        assert figures[story]["answer"]["username"] == "Linda"
    assert "starting over" in figures["own"]["log"]
    note("database-killed", figures | {"load": round(os.getloadavg()[0], 1)})


def test_a_change_of_the_source_rolls_all_replicas(deployed: Any, cluster: Cluster, tmp_path: Path) -> None:
    context = copy_context("db", tmp_path)
    target: Target = deployed.target
    target.variables |= {"app_replicas": 3, "app_db_build_context": str(context)}
    target.playbook().succeeded()
    before = cluster.images(target.namespace, "fastapi-mysql")["mysql"]
    assert {json.loads(one)["username"] for one in served(cluster, target)} == {"Linda"}
    table = context / "users.csv"
    table.write_text(table.read_text("utf-8").replace("2,Linda,linda@", "2,Linnea,linnea@"), "utf-8")
    changed = target.playbook(verify_endpoints=[{"path": "/users/2", "json_includes": {"username": "Linnea"}}])
    changed.succeeded()
    assert cluster.images(target.namespace, "fastapi-mysql")["mysql"] != before
    assert {json.loads(one)["username"] for one in served(cluster, target)} == {"Linnea"}
