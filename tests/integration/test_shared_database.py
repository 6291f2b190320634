"""A database of the target's own: it keeps what is written, is migrated before a rollout, and outlives its Pods."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
from playbook_runner import Target, build_secrets, kubectl

from conftest import NewTarget
from containers import until


def python(text: str) -> list[str]:
    """A command that runs a program with a cursor at the database, as the environment says where it is."""
    begin = """
        import os, sys, time, MySQLdb
        names = {"host": "HOST", "user": "USER", "passwd": "PASSWORD", "db": "DATABASE"}
        connection = MySQLdb.connect(port=int(os.environ["MYSQL_PORT"]), autocommit=True,
            **{name: os.environ["MYSQL_" + variable] for name, variable in names.items()})
        cursor = connection.cursor()
    """
    return ["python", "-c", textwrap.dedent(begin) + textwrap.dedent(text)]


FIRST = python("""
    cursor.execute("CREATE TABLE IF NOT EXISTS beats (number INT AUTO_INCREMENT PRIMARY KEY, who TEXT)")
    cursor.execute("CREATE TABLE IF NOT EXISTS migrations (number INT AUTO_INCREMENT PRIMARY KEY, name TEXT)")
    cursor.execute("INSERT INTO migrations (name) VALUES ('first')")
""")
FAILS = python("""
    print("column who is in the way of " + os.environ["MYSQL_PASSWORD"])
    sys.exit(3)
""")
WORKER = python("""
    while True:
        cursor.execute("INSERT INTO beats (who) VALUES (%s)", [os.environ["POD_NAME"]])
        time.sleep(0.5)
""")


@pytest.fixture(scope="module")
def target(new_target: NewTarget) -> Iterator[Target]:
    """The API with a database that it shares with a worker."""
    made = new_target(
        "kept",
        app_build_secrets=build_secrets(),
        app_replicas=1,
        app_db_mode="shared",
        app_db_storage_size="100Mi",
        app_migrate_command=FIRST,
        app_workers={"beat": {"command": WORKER}},
        app_cron={"tidy": {"schedule": "0 3 1 1 *", "command": ["python", "-c", "pass"]}},
        app_pod_environment={"POD_NAME": "metadata.name"},
    )
    made.playbook().succeeded()
    yield made
    made.playbook("playbooks/teardown.yml", app_db_delete_data=True).succeeded()


def found(target: Target, kind: str) -> list[dict[str, Any]]:
    return list(json.loads(kubectl("-n", target.namespace, "get", kind, "-o", "json"))["items"])


def asked(target: Target, query: str) -> str:
    """What the database answers to root."""
    command = (
        f'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mariadb --user=root --batch --skip-column-names Main --execute="{query}"'
    )
    pod = f"{target.variables['app_name']}-db-0"
    return kubectl("-n", target.namespace, "exec", pod, "-c", "mysql", "--", "sh", "-c", command).strip()


def beats(target: Target) -> int:
    return int(asked(target, "SELECT COUNT(*) FROM beats"))


def test_a_second_run_migrates_nothing_and_changes_nothing(target: Target) -> None:
    assert asked(target, "SELECT name FROM migrations") == "first"
    again = target.playbook().succeeded()
    assert again.changed == 0
    assert asked(target, "SELECT name FROM migrations") == "first"


def test_its_worker_writes_and_what_is_written_outlives_the_database_s_pod(target: Target) -> None:
    until(lambda: beats(target) > 2, 30, "what its worker writes")
    before = beats(target)
    kubectl("-n", target.namespace, "delete", "pod", f"{target.variables['app_name']}-db-0")
    until(lambda: target.playbook("verify.yml").rc == 0, 90, "the database's next Pod")
    assert beats(target) >= before


def test_a_migration_that_fails_rolls_nothing_out_and_says_why(target: Target) -> None:
    before = {pod["metadata"]["name"] for pod in found(target, "pod") if "migrate" not in pod["metadata"]["name"]}
    failed = target.playbook(app_migrate_command=FAILS, app_api_environment={"NEW": "yes"})
    assert failed.rc != 0
    told = failed.errors[-1]
    assert "MigrationFailed" in told, told
    assert "column who is in the way of" in told, told
    assert "Nothing was rolled out." in told, told
    password = asked(target, "SELECT 1") and target_password(target)
    assert password not in failed.output
    assert before <= {pod["metadata"]["name"] for pod in found(target, "pod")}
    target.playbook("verify.yml").succeeded()
    assert asked(target, "SELECT COUNT(*) FROM migrations") == "1"
    # What is wanted again is known to be done.
    target.playbook().succeeded()
    assert asked(target, "SELECT COUNT(*) FROM migrations") == "1"


def target_password(target: Target) -> str:
    pod = f"{target.variables['app_name']}-db-0"
    return kubectl("-n", target.namespace, "exec", pod, "-c", "mysql", "--", "sh", "-c", 'printf %s "$MYSQL_PASSWORD"')


def test_its_data_are_left_behind_by_no_change_of_mode(target: Target) -> None:
    changed = {"app_db_mode": "pod", "app_workers": {}, "app_cron": {}, "app_migrate_command": []}
    refused = target.playbook(**changed)
    assert refused.rc != 0
    assert "the data of its database would be left behind" in refused.errors[-1], refused.errors
    assert asked(target, "SELECT COUNT(*) FROM migrations") == "1"


def test_a_teardown_leaves_the_data_and_the_next_deployment_finds_them(target: Target) -> None:
    before = beats(target)
    target.playbook("playbooks/teardown.yml").succeeded()
    assert [claim["metadata"]["name"] for claim in found(target, "pvc")] == [
        f"mysql-data-{target.variables['app_name']}-db-0"
    ]
    target.playbook().succeeded()
    assert beats(target) >= before
