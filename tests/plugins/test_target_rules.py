"""Everything that is wrong with a target is said at once, one line each, with the variable's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.target_rules import find_problems


@pytest.fixture
def target(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "Dockerfile").touch()
    return {
        "name": "fastapi-mysql",
        "namespace": "fastapi-mysql",
        "replicas": 3,
        "kubeconfig": "",
        "rollout_timeout": 300,
        "registry": "127.0.0.1:5000",
        "registry_username": "",
        "registry_password": "",
        "api_image": "",
        "api_image_name": "api",
        "api_image_tag": "1.0.0",
        "api_build_context": str(tmp_path),
        "api_port": 8000,
        "api_environment": {"LOG_LEVEL": "info", "WORKERS": 2},
        "api_readiness_path": "/ready",
        "api_liveness_path": "/status",
        "db_image": "",
        "db_image_name": "db",
        "db_image_tag": "1.0.0",
        "db_build_context": str(tmp_path),
        "db_port": 3306,
        "db_name": "Main",
        "db_user": "api",
        "db_password": "any: thing@/ ü",
        "ingress_class": "traefik",
        "ingress_host": "",
        "base_url": "http://127.0.0.1:8080",
        "image_pull_secrets": [],
        "manifests_dir": "/tmp/manifests",
    }


def test_a_good_target_has_no_problems(target: dict[str, object]) -> None:
    assert find_problems(target) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replicas", 0),
        ("replicas", -1),
        ("replicas", "three"),
        ("replicas", 1.5),
        ("replicas", True),
        ("replicas", None),
        ("namespace", "Upper"),
        ("namespace", "under_score"),
        ("namespace", "-first"),
        ("namespace", "a" * 64),
        ("namespace", "two.parts"),
        ("name", "1-digit-first"),
        ("name", "a" * 51),
        ("rollout_timeout", 0),
        ("kubeconfig", "/does/not/exist"),
        ("api_port", 0),
        ("api_port", 65536),
        ("api_port", "http"),
        ("api_environment", {"1ST": "x"}),
        ("api_environment", {"A B": "x"}),
        ("api_environment", {"NESTED": {"a": 1}}),
        ("api_environment", ["A=b"]),
        ("api_readiness_path", "ready"),
        ("api_liveness_path", "/with blank"),
        ("db_name", "a b"),
        ("db_user", ""),
        ("db_user", "o'brien"),
        ("db_password", "  "),
        ("db_password", "two\nlines"),
        ("ingress_class", ""),
        ("ingress_host", "http://example.com"),
        ("base_url", "127.0.0.1:8080"),
        ("base_url", "ftp://example.com"),
        ("base_url", "http://host:port"),
        ("image_pull_secrets", "one"),
        ("image_pull_secrets", ["Bad_Name"]),
        ("registry", ""),
        ("registry", "docker.io"),
        ("registry", "docker.io/yourname"),
        ("registry", "https://ghcr.io/me"),
        ("registry_username", "me"),
        ("api_image_name", "Upper"),
        ("api_image_tag", "a b"),
        ("api_image", "not an image"),
        ("api_build_context", "/does/not/exist"),
        ("db_port", 8000),
    ],
)
def test_what_is_refused(target: dict[str, object], name: str, value: object) -> None:
    problems = find_problems({**target, name: value})
    assert len(problems) == 1
    assert f"app_{name}" in problems[0]
    assert "\n" not in problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replicas", "3"),
        ("namespace", "a" * 63),
        ("ingress_host", "*.example.com"),
        ("base_url", "https://example.com:8443/prefix"),
        ("registry", "docker.io/someone"),
        ("api_image", "ghcr.io/me/api:1"),
    ],
)
def test_what_is_taken(target: dict[str, object], name: str, value: object) -> None:
    assert find_problems({**target, name: value}) == []


def test_all_problems_are_named_at_once(target: dict[str, object]) -> None:
    assert len(find_problems({**target, "replicas": 0, "namespace": "X", "db_password": " "})) == 3


def test_the_password_is_never_repeated(target: dict[str, object]) -> None:
    assert "geheim" not in "".join(find_problems({**target, "db_password": "geheim\n"}))


def test_a_context_without_a_dockerfile(target: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").unlink()
    assert all("has no Dockerfile" in line for line in find_problems(target))


def test_what_is_not_built_needs_neither_registry_nor_context(target: dict[str, object]) -> None:
    given = {
        "api_image": "me/api:1",
        "db_image": "me/db:1",
        "registry": "",
        "api_build_context": "/none",
        "db_build_context": "",
    }
    assert find_problems({**target, **given}) == []


def test_without_a_database_nothing_of_it_is_asked_for(target: dict[str, object]) -> None:
    target |= {"db_enabled": False, "db_password": "", "db_build_context": "/nowhere", "db_port": 8000}
    assert find_problems(target) == []


def test_without_a_database_a_given_image_needs_no_registry(target: dict[str, object]) -> None:
    target |= {"db_enabled": "no", "api_image": "docker.io/library/nginx:1", "registry": ""}
    assert find_problems(target) == []


def test_nobody_is_told_to_write_a_password_in_a_command_line(target: dict[str, object]) -> None:
    [said] = find_problems(target | {"db_password": "", "db_password_required": True})
    assert all(way in said for way in ("APP_DB_PASSWORD", "ansible-vault", "ansible.builtin.file"))
    assert "-e app_db_password" not in said and "extra-vars" not in said
