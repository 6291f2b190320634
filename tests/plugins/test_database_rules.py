"""Where a target's database is, and what runs beside its API: what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.database_mode import mode_of
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.database_rules import (
    find_database_problems,
    mode,
    storage_class,
    storage_size,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.process_rules import (
    cron,
    find_name_clashes,
    migrate_timeout,
    workers,
)

RUN = {"command": ["python", "-m", "mailer"]}


@pytest.mark.parametrize("value", ["Shared", "", None, "mysql", ["pod"], True])
def test_a_mode_that_is_none_is_refused_with_those_there_are(value: object) -> None:
    assert "pod, shared, external or none" in str(mode("db_mode", value))


@pytest.mark.parametrize("off", [False, "no", "false", "0"])
def test_a_database_that_is_switched_off_is_nowhere(off: object) -> None:
    assert mode_of({"db_enabled": off, "db_mode": "pod"}) == "none"
    assert find_database_problems({"db_enabled": off, "db_mode": "pod"}) == []
    [problem] = find_database_problems({"db_enabled": off, "db_mode": "shared"})
    assert "leave app_db_enabled out" in problem


@pytest.mark.parametrize("size", ["0", 0, -1, "1.5", "big", None, True, "1GB", "0.1m"])
def test_a_volume_has_a_size(size: object) -> None:
    assert "such as 5Gi" in str(storage_size("db_storage_size", size))


@pytest.mark.parametrize("size", ["1Gi", "500M", 1073741824, "1e9"])
def test_sizes_are_written_as_kubernetes_takes_them(size: object) -> None:
    assert storage_size("db_storage_size", size) is None


def test_a_storage_class_is_a_name_or_nothing() -> None:
    assert storage_class("db_storage_class", "") is None
    assert storage_class("db_storage_class", "fast.ssd-1") is None
    assert "StorageClass" in str(storage_class("db_storage_class", "Fast SSD"))


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("", "name the server"),
        ("db:3306", "without a port"),
        ("http://db", "without a port"),
        ("a b", "without a port"),
    ],
)
def test_an_external_server_has_a_name(host: str, words: str) -> None:
    [problem] = find_database_problems({"db_mode": "external", "db_host": host, "db_password": "secret-enough"})
    assert words in problem


@pytest.mark.parametrize("host", ["db.example.org", "DB.example.org.", "192.0.2.7", "2001:db8::7", "db"])
def test_names_and_addresses_are_taken(host: str) -> None:
    assert find_database_problems({"db_mode": "external", "db_host": host, "db_password": "secret-enough"}) == []


def test_an_external_server_has_a_password_already() -> None:
    [problem] = find_database_problems({"db_mode": "external", "db_host": "db", "db_password": ""})
    assert "app_db_password is empty" in problem


@pytest.mark.parametrize("where", ["pod", "shared", "none"])
def test_a_host_is_for_a_server_elsewhere(where: str) -> None:
    [problem] = find_database_problems({"db_mode": where, "db_host": "db"})
    assert "app_db_mode external" in problem


@pytest.mark.parametrize("name", ["workers", "cron", "migrate_command"])
def test_nothing_beside_the_api_reaches_a_database_of_its_pod(name: str) -> None:
    given = {"workers": {"mailer": RUN}, "cron": {"mailer": RUN}, "migrate_command": ["alembic"]}
    [problem] = find_database_problems({"db_mode": "pod", name: given[name]})
    assert problem.startswith(f"app_{name}: ")
    assert find_database_problems({"db_mode": "none", name: given[name]}) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "must map names"),
        ({"Mailer": RUN}, "Kubernetes refuses"),
        ({1: RUN}, "Kubernetes refuses"),
        ({"a_b": RUN}, "Kubernetes refuses"),
        ({"db": RUN}, "is taken"),
        ({"migrate": RUN}, "is taken"),
        ({"mailer": ["python"]}, "must have command"),
        ({"mailer": {"comand": ["x"]}}, "has comand, which nothing reads"),
        ({"mailer": {}}, "has no command"),
        ({"mailer": {"command": []}}, "has no command"),
        ({"mailer": {"command": [""]}}, "has no command"),
        ({"mailer": {"command": "python -m mailer"}}, "has no command"),
        ({"mailer": RUN | {"args": "one"}}, "must be a list"),
        ({"mailer": RUN | {"replicas": -1}}, "whole number"),
        ({"mailer": RUN | {"replicas": "two"}}, "whole number"),
        ({"mailer": RUN | {"resources": {"cpu": 1}}}, "requests and limits"),
    ],
)
def test_a_worker_that_cannot_run_is_refused(value: object, words: str) -> None:
    assert words in str(workers("workers", value))


def test_a_worker_may_have_all_of_it() -> None:
    task = RUN | {"args": ["--fast", 3], "replicas": "2", "resources": {"requests": {"cpu": "10m"}}}
    assert workers("workers", {"mailer": task, "no-2": RUN}) is None


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7"),
        *("a * * * *", "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "@reboot", "@every", "hourly", "1- * * * *"),
        *("* * * sun *", "-1 * * * *", "1.5 * * * *"),
    ],
)
def test_a_schedule_that_is_none_is_refused(schedule: str) -> None:
    assert "which is none" in str(cron("cron", {"tidy": RUN | {"schedule": schedule}}))


@pytest.mark.parametrize(
    "schedule",
    ["*/15 * * * *", "0 3 * * 1-5", "0,30 8-18/2 1,15 jan-mar MON", "@hourly", "@daily", "5 4 ? * sun", "0 0 31 12 6"],
)
def test_schedules_are_written_as_cron_takes_them(schedule: str) -> None:
    assert cron("cron", {"tidy": RUN | {"schedule": schedule}}) is None


def test_two_of_one_name_and_names_that_are_too_long_are_told_apart() -> None:
    values: dict[str, Any] = {"name": "n" * 40, "workers": {"tidy": RUN, "w" * 12: RUN}, "cron": {"tidy": RUN}}
    both, long = find_name_clashes(values)
    assert "both name tidy" in both
    assert "11 are left for it" in long


@pytest.mark.parametrize("value", [0, -1, 86401, "soon", True, None])
def test_a_migration_has_an_end(value: object) -> None:
    assert "seconds" in str(migrate_timeout("migrate_timeout", value))
