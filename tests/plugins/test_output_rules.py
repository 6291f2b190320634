"""What runs write is kept out of the images, and a run does not begin what it cannot end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target import installation
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.installation import (
    NotInstalled,
    check_installation,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.output_rules import refuse_outputs_in_images
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.role_arguments import WrongArguments


@pytest.fixture
def target(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return {
        "manifests_dir": str(tmp_path / "manifests/prod"),
        "api_image": "",
        "api_build_context": str(tmp_path),
        "api_dockerfile": "Dockerfile",
        "db_enabled": False,
    }


def refused(target: dict[str, Any], **outputs: str) -> str:
    with pytest.raises(WrongArguments) as caught:
        refuse_outputs_in_images(target, outputs)
    return str(caught.value)


def test_manifests_in_the_context_are_refused_with_the_line_that_is_lacking(
    target: dict[str, Any], tmp_path: Path
) -> None:
    said = refused(target)
    assert said.startswith(f"app_manifests_dir is {tmp_path}/manifests/prod, which the build of app_api_build_context")
    assert said.endswith(f"add /manifests/prod/ to {tmp_path}/.dockerignore")
    # What the message says is enough.
    (tmp_path / ".dockerignore").write_text("/manifests/prod/\n")
    refuse_outputs_in_images(target, {})


@pytest.mark.parametrize(
    ("ignored", "seen"),
    [
        ("manifests\n", False),
        ("*\n!*.py\n", False),
        ("**/prod\n", False),
        ("# manifests\n", True),
        ("manifests\n!manifests/prod\n", True),
        ("manifests/staging\n", True),
    ],
)
def test_the_list_of_the_build_counts(target: dict[str, Any], tmp_path: Path, ignored: str, seen: bool) -> None:
    (tmp_path / ".dockerignore").write_text(ignored)
    if seen:
        refused(target)
    else:
        refuse_outputs_in_images(target, {})


def test_the_list_of_one_dockerfile_comes_first(target: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("manifests\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("")
    assert refused(target).endswith("Dockerfile.dockerignore")


def test_each_folder_is_named(target: dict[str, Any], tmp_path: Path) -> None:
    said = refused(target, evidence_dir=str(tmp_path / "evidence"), release_black_box_dir="").splitlines()
    assert [line.partition(" ")[0] for line in said] == ["app_manifests_dir", "evidence_dir"]


def test_a_context_that_is_the_folder_itself_has_no_line_that_would_do(target: dict[str, Any], tmp_path: Path) -> None:
    assert refused(target | {"manifests_dir": str(tmp_path)}).endswith("name a folder of its own")


def test_a_link_hides_nothing(target: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path.parent / f"{tmp_path.name}-link").symlink_to(tmp_path / "manifests")
    refused(target | {"manifests_dir": f"{tmp_path}-link/prod"})


@pytest.mark.parametrize("more", [{"api_image": "x/y:1"}, {"manifests_dir": "/elsewhere"}, {"api_dockerfile": "none"}])
def test_what_is_not_built_there_holds_nothing(target: dict[str, Any], more: dict[str, Any]) -> None:
    refuse_outputs_in_images(target | more, {})


def test_the_database_is_an_image_too(target: dict[str, Any], tmp_path: Path) -> None:
    database = {"db_enabled": "yes", "db_image": "", "db_build_context": str(tmp_path), "db_dockerfile": ""}
    assert "app_db_build_context" in refused(target | {"api_image": "x/y:1"} | database)


def test_here_nothing_is_lacking() -> None:
    check_installation()


def test_what_a_later_step_would_miss_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "COLLECTIONS", ("kubernetes.core", "nobody.nothing"))
    monkeypatch.setattr(installation, "PACKAGES", {"kubernetes": "kubernetes", "no_such_module": "no-such-module"})
    with pytest.raises(NotInstalled) as caught:
        check_installation()
    assert str(caught.value) == (
        "Ansible's Python lacks the collection nobody.nothing, the package no-such-module: "
        f"{sys.executable} -m pip install ansible no-such-module"
    )
