"""Everything that is wrong with a target is said at once, one line each, with the variable's name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import EncryptedString, VaultLib, VaultSecret, VaultSecretsContext
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.environment_rules import (
    DATABASE_ENVIRONMENT,
    POD_FIELDS,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.mount_rules import TAKEN
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.rules import (
    COLLECTIONS_OF_SECRETS,
    COLLECTIONS_OF_TEXTS,
    SECRET_TEXTS,
    TEXTS,
    find_problems,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.variables import Target
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.written import text_problem


@pytest.fixture
def target(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "Dockerfile").touch()
    return {
        "name": "fastapi-mysql",
        "workers": {},
        "cron": {},
        "migrate_command": [],
        "migrate_timeout": 300,
        "db_mode": "pod",
        "db_host": "",
        "db_storage_size": "1Gi",
        "db_storage_class": "",
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
        "pod_environment": {},
        "command": [],
        "args": [],
        "secrets": {},
        "secret_files": {},
        "secrets_from": [],
        "autoscale": {},
        "files": {},
        "volumes": {},
        "db_environment": {},
        "api_readiness_path": "/ready",
        "api_liveness_path": "/status",
        "startup_seconds": 0,
        "api_resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
        "db_resources": {},
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
        "ingress_hosts": [],
        "ingress_path": "/",
        "ingress_strip_path": False,
        "tls": {},
        "gateway": {},
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
        ("startup_seconds", -1),
        ("startup_seconds", "2m"),
        ("startup_seconds", 1.5),
        ("startup_seconds", True),
        ("startup_seconds", None),
        ("startup_seconds", 301),
        ("startup_seconds", 86401),
        ("api_resources", {"requests": {"memory": "1 Gi"}}),
        ("db_resources", {"requests": {"cpu": 2}, "limits": {"cpu": "1"}}),
        ("api_port", 0),
        ("api_port", 65536),
        ("api_port", "http"),
        ("api_environment", {"1ST": "x"}),
        ("api_environment", {"A B": "x"}),
        ("api_environment", {"NESTED": {"a": 1}}),
        ("api_environment", ["A=b"]),
        ("api_environment", {False: "Norway"}),
        ("api_environment", {"A": 1.1}),
        ("api_environment", {"A": date(2024, 1, 1)}),
        ("api_environment", {"MYSQL_HOST": "db.example.org"}),
        ("api_environment", {"MYSQL_PASSWORD": "x"}),
        ("pod_environment", ["POD_NAME"]),
        ("pod_environment", {"POD NAME": "metadata.name"}),
        ("pod_environment", {"POD_NAME": "name"}),
        ("pod_environment", {"POD_NAME": "metadata.Name"}),
        ("pod_environment", {"POD_NAME": "metadata.name "}),
        ("pod_environment", {"POD_NAME": ""}),
        ("pod_environment", {"POD_NAME": None}),
        ("pod_environment", {"POD_NAME": {"fieldPath": "metadata.name"}}),
        ("pod_environment", {"MEMORY": "limits.memory"}),
        ("pod_environment", {"LABELS": "metadata.labels"}),
        ("pod_environment", {"LABEL": "metadata.labels['']"}),
        ("pod_environment", {"LABEL": "metadata.labels[app]"}),
        ("pod_environment", {"IP": "status.hostIPs"}),
        ("pod_environment", {"LOG_LEVEL": "metadata.name"}),
        ("pod_environment", {"API_PORT": "metadata.name"}),
        ("pod_environment", {"MYSQL_USER": "metadata.name"}),
        ("api_build_args", {"VERSION": 1.1}),
        ("db_build_args", {"VERSION": 0.5}),
        ("api_image_tag", 1.1),
        ("db_image_tag", date(2024, 1, 1)),
        ("db_password", 1.5),
        ("db_user", True),
        ("api_readiness_path", "ready"),
        ("api_liveness_path", "/with blank"),
        ("db_name", "a b"),
        ("db_user", ""),
        ("db_user", "o'brien"),
        ("db_password", "  "),
        ("db_password", "two\nlines"),
        ("ingress_class", "Two Words"),
        ("ingress_host", "http://example.com"),
        ("base_url", "127.0.0.1:8080"),
        ("base_url", "ftp://example.com"),
        ("base_url", "http://host:port"),
        ("image_pull_secrets", "one"),
        ("image_pull_secrets", ["Bad_Name"]),
        ("image_pull_secrets", ["one", "two", "one"]),
        ("api_readiness_path", "/ready?for=ü"),
        ("api_liveness_path", "/live#part"),
        ("ingress_host", "192.0.2.10"),
        ("ingress_host", "müller.example.org"),
        ("ingress_host", "*."),
        ("base_url", "http://me:secret@example.org"),
        ("base_url", "http://example.org/?"),
        ("base_url", "http://example.org/a b"),
        ("base_url", "http://exa mple.org"),
        ("base_url", "http://müller.example.org"),
        ("base_url", "http://example.org:0"),
        ("base_url", "http://example.org\n"),
        ("registry", ""),
        ("registry", "docker.io"),
        ("registry", "docker.io/yourname"),
        ("registry", "https://ghcr.io/me"),
        ("registry_username", "me"),
        ("api_image_name", "Upper"),
        ("api_image_tag", "a b"),
        ("api_image", "not an image"),
        ("command", "gunicorn app:api"),
        ("command", ["", "app:api"]),
        ("args", [["-u"]]),
        ("args", ["a\0b"]),
        ("args", [1.10]),
        ("secrets_from", "external"),
        ("secrets_from", ["External"]),
        ("secret_files", ["/etc/key"]),
        ("secret_files", {"etc/key": "hunter2"}),
        ("secret_files", {"/etc/../key": "hunter2"}),
        ("secret_files", {"/etc/key/": "hunter2"}),
        ("secret_files", {"/": "hunter2"}),
        ("secret_files", {"/a b": "hunter2"}),
        ("secret_files", {"/etc": "hunter2", "/etc/key": "hunter2"}),
        ("secret_files", {"/etc/key": "hunter2", "/etc.key": "hunter2"}),
        ("secret_files", {"/proc/self/key": "hunter2"}),
        ("secret_files", {"/tmp": "hunter2"}),
        ("files", None),
        ("files", ["/etc/a"]),
        ("files", {"etc/a": "x"}),
        ("files", {"/": "x"}),
        ("files", {"/etc/": "x"}),
        ("files", {"/etc//a": "x"}),
        ("files", {"/etc/./a": "x"}),
        ("files", {"//etc/a": "x"}),
        ("files", {"/etc/a:b": "x"}),
        ("files", {"/etc/ä": "x"}),
        ("files", {"/etc/a\n": "x"}),
        ("files", {7: "x"}),
        ("files", {"/sys": "x"}),
        ("files", {"/tmp": "x"}),
        ("files", {"/etc": "x", "/etc/a": "y"}),
        ("files", {"/etc/a": "x", "/etc.a": "y"}),
        ("files", {"/etc/a": None}),
        ("files", {"/etc/a": 1}),
        ("files", {"/etc/a": {"a": 1}}),
        ("files", {"/etc/a": b"a"}),
        ("files", {"/etc/a": "a\0b"}),
        ("files", {"/etc/a": "\udc80PNG"}),
        ("files", {"/etc/a": "\x85"}),
        ("files", {"/etc/a": "x" * 600_000, "/etc/b": "é" * 300_000}),
        ("secret_files", {"/" + "a" * 253: "hunter2"}),
        ("secret_files", {"/etc/key": ""}),
        ("secret_files", {"/etc/key": {"generate": 1}}),
        ("db_environment", {"DATABASE_URL": "mysql://{user}:{passwd}@{host}"}),
        ("db_environment", {"DATABASE_URL": ["{host}"]}),
        ("db_environment", {"MYSQL_HOST": "{host}"}),
        ("db_environment", {"LOG_LEVEL": "{host}"}),
        ("secrets", ["TOKEN"]),
        ("secrets", {"a b": "hunter2"}),
        ("secrets", {"MYSQL_PASSWORD": "hunter2"}),
        ("secrets", {"MYSQL_ROOT_PASSWORD": "hunter2"}),
        ("secrets", {"CHECKSUM_KEY": "hunter2"}),
        ("secrets", {"API_PORT": "hunter2"}),
        ("secrets", {"LOG_LEVEL": "hunter2"}),
        ("secrets", {"TOKEN": ""}),
        ("secrets", {"TOKEN": " \n"}),
        ("secrets", {"TOKEN": None}),
        ("secrets", {"TOKEN": "hunter2\0"}),
        ("secrets", {"TOKEN": ["hunter2"]}),
        ("secrets", {"TOKEN": 1.10}),
        ("secrets", {"TOKEN": {"generate": 15}}),
        ("secrets", {"TOKEN": {"generate": 1025}}),
        ("secrets", {"TOKEN": {"generate": True}}),
        ("secrets", {"TOKEN": {"generate": 32, "value": "hunter2"}}),
        ("secrets", {"TOKEN": {}}),
        ("api_build_context", "/does/not/exist"),
        ("api_dockerfile", "docker/Dockerfile"),
        ("api_dockerfile", "/does/not/exist"),
        ("api_target", "missing"),
        ("api_target", "9"),
        ("db_port", 8000),
    ],
)
def test_what_is_refused(target: dict[str, object], name: str, value: object) -> None:
    problems = find_problems({**target, name: value})
    assert len(problems) == 1
    assert f"app_{name}" in problems[0]
    assert "\n" not in problems[0]
    assert "hunter2" not in problems[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replicas", "3"),
        ("startup_seconds", "300"),
        ("namespace", "a" * 63),
        ("ingress_host", "*.example.com"),
        ("ingress_class", ""),
        ("api_readiness_path", "/m%C3%BCller?x=[1]"),
        ("base_url", "http://[::1]:8080"),
        ("api_environment", {"API_PORT": "9000", "Mysql_Host": "other", "EMPTY": ""}),
        ("pod_environment", dict(zip("ABCDEFGH", POD_FIELDS, strict=True))),
        (
            "pod_environment",
            {"VERSION": "metadata.labels['app.kubernetes.io/version']", "A": "metadata.annotations['a_b']"},
        ),
        ("command", ["sh", "-c", "exec api --port $API_PORT", ""]),
        ("args", ["--workers", "4", 4]),
        ("secrets_from", ["external-secrets.example"]),
        ("secret_files", {"/etc/shop/key.pem": "any\nthing\n", "/.env": {"generate": 64}, "/run/a": "b"}),
        ("files", {"/etc/a": "", "/etc/b": "\ufeffé 🔑\r\n\t\x1b[0m", "/c": " " * 1_000_000}),
        ("files", {"/c": "é" * (1 << 19)}),
        ("files", {"/process/a": "x", "/tmp/a": "y", "/etc-a/b": "z", "/etc": "w"}),
        ("db_environment", {"DATABASE_URL": "mysql://{user}:{password}@{host}:{port}/{name}", "JSON": '{"a": 1}'}),
        ("secrets", {"TOKEN": "any: thing\n", "KEY": {"generate": 32}, "OTHER": {"generate": "16"}}),
        ("base_url", "https://example.com:8443/prefix"),
        ("registry", "docker.io/someone"),
        ("api_image", "ghcr.io/me/api:1"),
    ],
)
def test_what_is_taken(target: dict[str, object], name: str, value: object) -> None:
    assert find_problems({**target, name: value}) == []


def test_a_start_that_nobody_waits_for_is_refused(target: dict[str, object]) -> None:
    (problem,) = find_problems({**target, "startup_seconds": 900, "rollout_timeout": "600"})
    assert problem.startswith("app_startup_seconds is 900, and app_rollout_timeout 600: ")
    assert find_problems({**target, "startup_seconds": 900, "rollout_timeout": 2700}) == []
    # One that is not set contradicts nobody.
    assert find_problems({**target, "rollout_timeout": 10}) == []


def test_all_problems_are_named_at_once(target: dict[str, object]) -> None:
    assert len(find_problems({**target, "replicas": 0, "namespace": "X", "db_password": " "})) == 3


def test_the_password_is_never_repeated(target: dict[str, object]) -> None:
    assert "geheim" not in "".join(find_problems({**target, "db_password": "geheim\n"}))


def test_a_context_without_a_dockerfile(target: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").unlink()
    assert all("has no Dockerfile" in line for line in find_problems(target))


def test_a_dockerfile_of_another_name_and_one_of_its_stages(target: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/api.Dockerfile").write_text("FROM a AS Base\nFROM base\nFROM base AS serve\n")
    target |= {"api_dockerfile": "docker/api.Dockerfile"}
    for stage in ("", "serve", "BASE", "1"):
        assert find_problems({**target, "api_target": stage}) == []
    (problem,) = find_problems({**target, "api_target": "test"})
    assert problem.endswith("docker/api.Dockerfile has no such stage (it has: base, serve)")
    # A frontend of its own knows stages that nobody else does.
    (tmp_path / "docker/api.Dockerfile").write_text("# syntax=example.org/other\nFROM a\n")
    assert find_problems({**target, "api_target": "test"}) == []


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


def test_without_a_database_the_name_of_its_password_is_free(target: dict[str, object]) -> None:
    assert find_problems(target | {"db_enabled": False, "secrets": {"MYSQL_PASSWORD": "of a server elsewhere"}}) == []


def test_what_is_named_twice_is_told_once(target: dict[str, object]) -> None:
    (problem,) = find_problems(target | {"secrets": {"URL": "x"}, "db_environment": {"URL": "{host}"}})
    assert problem == "app_secrets and app_db_environment both name URL: leave it out of one"
    (problem,) = find_problems(target | {"secrets": {"file.key": "x"}, "secret_files": {"/key": "y"}})
    assert problem.startswith("app_secrets names file.key, which is the key of a file in app_secret_files")


CPU: dict[str, object] = {
    "api_resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": 1}},
    "db_resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "550m"}},
}


@pytest.mark.parametrize(
    ("wanted", "more", "said"),
    [
        (None, {}, "app_autoscale must have min, max and cpu"),
        (3, {}, "app_autoscale must have min, max and cpu"),
        ({"min": 1, "max": 2}, {}, "app_autoscale must have min, max and cpu"),
        (
            {"min": 1, "max": 2, "cpu": 70, "memory": 80},
            {},
            "app_autoscale must have min, max and cpu, and nothing else",
        ),
        ({"min": 0, "max": 2, "cpu": 70}, {}, "app_autoscale.min is '0': it must be a whole number, 1 or more"),
        ({"min": 1, "max": "many", "cpu": 70}, {}, "app_autoscale.max is 'many'"),
        ({"min": 1, "max": 2, "cpu": 0}, {}, "app_autoscale.cpu is '0'"),
        ({"min": 1, "max": 2, "cpu": "70%"}, {}, "app_autoscale.cpu is '70%'"),
        ({"min": 1, "max": 2, "cpu": None}, {}, "app_autoscale.cpu is ''"),
        ({"min": 10, "max": 9, "cpu": 70}, {}, "app_autoscale.min is 10, above its max of 9"),
        # 1550m of 550m.
        (
            {"min": 1, "max": 2, "cpu": 282},
            {},
            "app_autoscale.cpu is 282, and the limits of CPU let a Pod have 281 % of",
        ),
        (
            {"min": 1, "max": 2, "cpu": 70},
            {"api_resources": {}},
            "app_api_resources has none: set app_api_resources.req",
        ),
        ({"min": 1, "max": 2, "cpu": 70}, {"db_resources": {}}, "app_db_resources has none: set app_db_resources.requ"),
        (
            {"min": 1, "max": 2, "cpu": 70},
            {"db_resources": {"requests": {"cpu": 0}, "limits": {"cpu": 1}}},
            "app_db_reso",
        ),
    ],
)
def test_autoscalers_that_are_refused(target: dict[str, object], wanted: object, more: Any, said: str) -> None:
    (problem,) = find_problems(target | CPU | {"autoscale": wanted} | more)
    assert said in problem


@pytest.mark.parametrize(
    ("wanted", "more"),
    [
        ({"min": "1", "max": 1, "cpu": 281}, {}),
        ({"min": 2, "max": 1000, "cpu": 5000}, {"api_resources": {"requests": {"cpu": 1}}}),
        # Who limits and does not request has requested the limit.
        ({"min": 1, "max": 2, "cpu": 70}, {"api_resources": {"limits": {"cpu": 1}}}),
        ({"min": 1, "max": 2, "cpu": 70}, {"db_resources": {}, "db_enabled": False}),
    ],
)
def test_autoscalers_that_are_taken(target: dict[str, object], wanted: object, more: Any) -> None:
    assert find_problems(target | CPU | {"autoscale": wanted} | more) == []


VOLUME: dict[str, object] = {"path": "/srv/data", "empty_dir": {"size": "1Gi"}}


@pytest.mark.parametrize(
    ("volumes", "said"),
    [
        (None, "app_volumes must map names to volumes"),
        ([VOLUME], "app_volumes must map names to volumes"),
        ({"Data": VOLUME}, "app_volumes names 'Data'"),
        ({"a" * 64: VOLUME}, "lower case letters"),
        ({False: VOLUME}, "app_volumes names 'False'"),
        ({"files": VOLUME}, "app_volumes names files, which a Pod has already"),
        ({"data": None}, "app_volumes.data may have path"),
        (
            {"data": VOLUME | {"readonly": True}},
            "app_volumes.data may have path, empty_dir, claim, read_only, and nothing",
        ),
        ({"data": {"claim": "a"}}, "app_volumes.data has the path ''"),
        ({"data": VOLUME | {"path": "srv/data"}}, "has the path 'srv/data': it must be an absolute path"),
        ({"data": VOLUME | {"path": "/"}}, "absolute path"),
        ({"data": VOLUME | {"path": "/srv/../etc"}}, "absolute path"),
        ({"data": VOLUME | {"path": "/proc"}}, "nothing can be mounted in /proc"),
        ({"data": {"path": "/srv/data"}}, "must have one of empty_dir"),
        ({"data": VOLUME | {"claim": "a"}}, "must have one of empty_dir"),
        ({"data": {"path": "/srv/data", "claim": ""}}, "has the claim ''"),
        ({"data": {"path": "/srv/data", "claim": None}}, "has the claim ''"),
        ({"data": {"path": "/srv/data", "claim": "My_Claim"}}, "has the claim 'My_Claim'"),
        ({"data": {"path": "/srv/data", "claim": "a" * 254}}, "has the claim"),
        ({"data": VOLUME | {"empty_dir": {}}}, "must have a size"),
        ({"data": VOLUME | {"empty_dir": None}}, "must have a size"),
        ({"data": VOLUME | {"empty_dir": {"size": "1 Gi"}}}, "must have a size"),
        ({"data": VOLUME | {"empty_dir": {"size": 0}}}, "must have a size"),
        ({"data": VOLUME | {"empty_dir": {"size": "-1Gi"}}}, "must have a size"),
        ({"data": VOLUME | {"empty_dir": {"size": "1Gi", "medium": "Memory"}}}, "must have a size"),
        ({"data": VOLUME | {"read_only": "yes"}}, "neither true nor false"),
        ({"a": VOLUME, "b": VOLUME}, "app_volumes.a and app_volumes.b both name /srv/data"),
        (
            {"a": VOLUME, "b": VOLUME | {"path": "/srv"}},
            "app_volumes.b names /srv, and app_volumes.a /srv/data below it",
        ),
        (
            {"etc": VOLUME | {"path": "/etc/shop"}},
            "app_volumes.etc names /etc/shop, and app_files /etc/shop/a below it",
        ),
        ({"etc": VOLUME | {"path": "/etc/shop/a"}}, "both name /etc/shop/a"),
        (
            {"etc": VOLUME | {"path": "/run/key/a"}},
            "app_secret_files names /run/key, and app_volumes.etc /run/key/a below",
        ),
    ],
)
def test_volumes_that_are_refused(target: dict[str, object], volumes: object, said: str) -> None:
    given = {"files": {"/etc/shop/a": "x"}, "secret_files": {"/run/key": "hunter2"}, "volumes": volumes}
    (problem,) = find_problems(target | given)
    assert said in problem
    assert "hunter2" not in problem


def test_volumes_that_are_taken(target: dict[str, object]) -> None:
    volumes = {
        "tmp": {"path": "/tmp", "empty_dir": {"size": 1048576}, "read_only": False},
        "a-1": {"path": "/srv/data-2", "claim": "theirs.example-1", "read_only": True},
        "b": VOLUME,
    }
    assert find_problems(target | {"volumes": volumes, "files": {"/srv/data.txt": "x"}}) == []


def test_the_volumes_that_a_pod_has_already_are_those_of_the_template() -> None:
    template = Path(__file__).resolve().parents[2] / "templates/_volumes.yml.j2"
    assert set(re.findall(r"^- name: ([a-z-]+)$", template.read_text(), re.MULTILINE)) == TAKEN


def test_two_files_at_one_path_or_below_each_other_are_told_once(target: dict[str, object]) -> None:
    (problem,) = find_problems(target | {"files": {"/etc/key": "x"}, "secret_files": {"/etc/key": "y"}})
    assert problem == "app_secret_files and app_files both name /etc/key: leave it out of one"
    (problem,) = find_problems(target | {"files": {"/etc/key": "x"}, "secret_files": {"/etc/key/of": "y"}})
    assert problem.startswith("app_files names /etc/key, and app_secret_files /etc/key/of below it")


def test_without_a_database_a_given_image_needs_no_registry(target: dict[str, object]) -> None:
    target |= {"db_enabled": "no", "api_image": "docker.io/library/nginx:1", "registry": ""}
    assert find_problems(target) == []


def test_nobody_is_told_to_write_a_password_in_a_command_line(target: dict[str, object]) -> None:
    [said] = find_problems(target | {"db_password": "", "db_password_required": True})
    assert all(way in said for way in ("APP_DB_PASSWORD", "ansible-vault", "ansible.builtin.file"))
    assert "-e app_db_password" not in said and "extra-vars" not in said


def test_without_a_database_its_variables_are_the_users_own(target: dict[str, object]) -> None:
    given = {"MYSQL_HOST": "db.example.org", "MYSQL_PASSWORD": "x"}
    assert find_problems({**target, "db_enabled": False, "api_environment": given}) == []


def test_each_variable_that_is_set_already_is_named(target: dict[str, object]) -> None:
    problems = find_problems({**target, "api_environment": dict.fromkeys(DATABASE_ENVIRONMENT, "x")})
    assert [line.split()[2].rstrip(",") for line in problems] == sorted(DATABASE_ENVIRONMENT)


def test_an_unquoted_password_is_not_repeated(target: dict[str, object]) -> None:
    assert "4711.5" not in "".join(find_problems({**target, "db_password": 4711.5}))


def test_what_vault_has_encrypted_is_text_wherever_it_stands(
    target: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [("default", VaultSecret(b"a word"))]
    monkeypatch.setattr(VaultSecretsContext, "_current", VaultSecretsContext(secrets))

    def vaulted(text: str) -> EncryptedString:
        return EncryptedString(ciphertext=VaultLib(secrets).encrypt(text).decode())

    given = {
        "db_password": vaulted("0123"),
        "registry_username": "me",
        "registry_password": vaulted("1.10"),
        "api_environment": {"TOKEN": vaulted("yes"), "LOG_LEVEL": "info"},
        "image_pull_secrets": [vaulted("mine")],
    }
    seen = Target({f"app_{name}": value for name, value in {**target, **given}.items()}, Plain())
    assert find_problems(seen) == []
    assert seen["db_password"] == "0123" and seen["image_pull_secrets"] == ["mine"]
    assert seen["api_environment"] == {"TOKEN": "yes", "LOG_LEVEL": "info"}


class Plain:
    """A templar that meets no templates."""

    def is_template(self, value: object) -> bool:
        return False


def test_every_text_of_a_target_is_held_to_what_was_written() -> None:
    """The list is the specification's."""
    path = Path(__file__).resolve().parents[2] / "roles/app/meta/argument_specs.yml"
    options = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    texts = {name.removeprefix("app_") for name, option in options.items() if option["type"] == "str"}
    secret = {name.removeprefix("app_") for name, option in options.items() if option.get("no_log")}
    assert set(TEXTS) | set(SECRET_TEXTS) == texts
    assert set(SECRET_TEXTS) | set(COLLECTIONS_OF_SECRETS) == secret
    many = {name for name, option in options.items() if option["type"] == "dict" or option.get("elements") == "str"}
    # Their numbers may be written as such, or are refused in any case.
    others = {"app_stages", "app_api_resources", "app_db_resources", "app_files", "app_volumes", "app_autoscale"}
    others |= {"app_tls", "app_gateway", "app_workers", "app_cron"}
    assert {f"app_{name}" for name in (*COLLECTIONS_OF_TEXTS, *COLLECTIONS_OF_SECRETS)} == many - others


WRITTEN = """
octal: 0123
float: 1.10
plain_float: 1.5
grouped: 1_000
hexadecimal: 0x1F
binary: 0b11
plus: +5
exponent: 1.0e+3
date: 2024-01-01
time: 2001-12-14t21:59:43.10-05:00
number: 8000  # a comment
negative: -5
minutes: 07:30
short: 1e3
quoted: "0123"
word: yes
capital: True
right: true
flow: {a: 010, b: 1.10, c: 7, d: no, e: false, f: "no", "g": [1, 2]}
made: "{{ 1 == 1 }}"
"""


def test_what_was_written_is_known_by_where_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "all.yml"
    path.write_text(WRITTEN)
    found: dict[str, Any] = DataLoader().load_from_file(str(path))
    found |= {f"flow_{key}": value for key, value in found.pop("flow").items()}
    refused = {
        str(key) for key, value in found.items() if not key.startswith("flow_") and text_problem("it", value, key)
    }
    assert refused == {
        *("octal", "float", "grouped", "hexadecimal", "binary", "plus", "exponent", "time", "word", "capital"),
    }


def test_a_flow_collection_and_json(tmp_path: Path) -> None:
    path = tmp_path / "all.yml"
    path.write_text(WRITTEN)
    flow: dict[str, Any] = DataLoader().load_from_file(str(path))["flow"]
    assert {str(key) for key, value in flow.items() if text_problem("it", value, key)} == {"a", "b", "d"}
    path.write_text('{"a": 10, "b": 1.10, "c": true, "d": "1.10"}')
    document: dict[str, Any] = DataLoader().load_from_file(str(path))
    assert {str(key) for key, value in document.items() if text_problem("it", value, key)} == {"b"}


def test_the_names_that_are_set_already_are_those_of_the_template() -> None:
    template = Path(__file__).resolve().parents[2] / "templates/_api_environment.yml.j2"
    found = set(re.findall(r"^- name: ([A-Z_]+)$", template.read_text(), re.MULTILINE))
    # Of the port the user's word counts: the template leaves its own out then.
    assert found == DATABASE_ENVIRONMENT | {"API_PORT"}
