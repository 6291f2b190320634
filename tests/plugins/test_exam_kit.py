"""The zip of the exam's deliverables: complete, private, and the same bytes for the same content."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.exam_kit import DELIVERABLES, NotPacked, pack
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.build_context import BadContext


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, object]:
    for folder in ("rendered", "api/__pycache__", "evidence/20261123T100000Z"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("README.md", *DELIVERABLES):
        (tmp_path / "rendered" / name).write_text(name)
    (tmp_path / "rendered/my-secret-eval.yml").chmod(0o600)
    for name in ("main.py", "settings.py", "__pycache__/main.pyc", "private.key", "Dockerfile"):
        (tmp_path / "api" / name).write_text(name)
    (tmp_path / "api/.dockerignore").write_text("*\n!*.py\n")
    (tmp_path / "evidence/20261123T100000Z/index.html").write_text("proof")
    (tmp_path / "evidence/latest").symlink_to("20261123T100000Z")
    return {
        "dest": str(tmp_path / "exam/here.zip"),
        "rendered": str(tmp_path / "rendered"),
        "main": str(tmp_path / "api/main.py"),
        "contexts": {"image": str(tmp_path / "api")},
        "dockerfiles": {},
        "proof": str(tmp_path / "evidence/latest"),
    }


def test_all_deliverables_are_in_it(arguments: dict[str, object]) -> None:
    result = pack(arguments)
    assert result["changed"]
    with zipfile.ZipFile(result["path"]) as kit:
        assert kit.namelist() == [
            "README.md",
            "main.py",
            *DELIVERABLES,
            "image/.dockerignore",
            "image/Dockerfile",
            "image/main.py",
            "image/settings.py",
            "proof/index.html",
        ]
        assert kit.getinfo("my-secret-eval.yml").external_attr >> 16 & 0o777 == 0o600
        assert kit.testzip() is None
    assert Path(result["path"]).stat().st_mode & 0o777 == 0o600


def test_the_same_content_is_no_change(arguments: dict[str, object], tmp_path: Path) -> None:
    pack(arguments)
    (tmp_path / "api/main.py").touch()
    assert not pack(arguments)["changed"]
    (tmp_path / "api/main.py").write_text("other")
    assert pack(arguments)["changed"]


def test_what_is_missing_is_named(arguments: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "rendered/my-ingress-eval.yml").unlink()
    with pytest.raises(NotPacked, match="my-ingress-eval"):
        pack(arguments)
    assert not Path(str(arguments["dest"])).exists()


def test_an_api_of_another_kind_has_no_main(arguments: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "api/main.py").unlink()
    assert "main.py" not in pack(arguments | {"proof": None})["files"]


def test_the_kit_holds_what_a_build_sees_and_no_more(arguments: dict[str, object], tmp_path: Path) -> None:
    api = tmp_path / "api"
    (tmp_path / "outside").write_text("secret of the machine")
    (tmp_path / "outsiders").mkdir()
    (tmp_path / "outsiders/key").write_text("another")
    (api / ".dockerignore").write_text("")
    (api / "Dockerfile.dockerignore").write_text(".env\nprivate.key\n**/__pycache__\n")
    (api / ".env").write_text("TOKEN=abc")
    (api / "link").symlink_to(tmp_path / "outside")
    (api / "folder").symlink_to(tmp_path / "outsiders")
    (tmp_path / "evidence/20261123T100000Z/link").symlink_to(tmp_path / "outside")
    with zipfile.ZipFile(pack(arguments)["path"]) as kit:
        names = [name.removeprefix("image/") for name in kit.namelist() if name.startswith("image/")]
        assert names == [
            ".dockerignore",
            "Dockerfile",
            "Dockerfile.dockerignore",
            "folder",
            "link",
            "main.py",
            "settings.py",
        ]
        assert stat.S_ISLNK(kit.getinfo("image/link").external_attr >> 16)
        assert kit.read("image/link").decode() == str(tmp_path / "outside")
        assert not [name for name in kit.namelist() if b"secret of the machine" in kit.read(name)]


def test_a_folder_that_cannot_be_built_cannot_be_packed(arguments: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "api/.dockerignore").unlink()
    (tmp_path / "api/.dockerignore").symlink_to("../rendered/README.md")
    with pytest.raises(BadContext, match="a link that a build does not follow"):
        pack(arguments)
