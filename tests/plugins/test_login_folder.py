"""A login ends with its run: at once, or when the next one comes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry import login_folder
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.credentials import CredentialsError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.login_folder import UnsafeFolder, make


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A user's own settings."""
    folder = tmp_path / "docker"
    (folder / "cli-plugins").mkdir(parents=True)
    (folder / "cli-plugins" / "docker-buildx").touch()
    config = {"auths": {"base.example": {"auth": "eA=="}}, "credsStore": "desktop", "currentContext": "remote"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_it_holds_the_users_settings_but_no_helper(tmp_path: Path, settings: Path) -> None:
    folder = make(tmp_path / "logins", os.getpid(), settings)
    assert json.loads((folder / "config.json").read_text()) == {"auths": {"base.example": {"auth": "eA=="}}}
    assert (folder / "cli-plugins" / "docker-buildx").is_file()
    for path, mode in ((folder.parent, 0o700), (folder, 0o700), (folder / "config.json", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_without_settings_it_is_empty(tmp_path: Path) -> None:
    assert (make(tmp_path / "logins", os.getpid(), tmp_path / "none") / "config.json").read_text() == "{}"


def test_settings_that_are_no_json_are_told(tmp_path: Path, settings: Path) -> None:
    (settings / "config.json").write_text("{")
    with pytest.raises(CredentialsError, match=r"config.json cannot be read: Expecting"):
        make(tmp_path / "logins", os.getpid(), settings)


def test_the_helpers_of_other_registries_stay(tmp_path: Path, settings: Path) -> None:
    helpers = {"base.example": "ecr", "mine.example": "keeps", "https://index.docker.io/v1/": "hub"}
    (settings / "config.json").write_text(json.dumps({"credHelpers": helpers}))
    folder = make(tmp_path / "logins", os.getpid(), settings, "mine.example", ["base.example", "docker.io"])
    kept = {key: name for key, name in helpers.items() if name != "keeps"}
    assert json.loads((folder / "config.json").read_text()) == {"credHelpers": kept}


def test_what_the_store_knows_of_a_base_goes_along(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker-credential-desktop"
    said = """[ "$(cat)" = https://index.docker.io/v1/ ] && echo '{"Username": "me", "Secret": "x"}'"""
    program.write_text(f"#!/bin/sh\n{said}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    folder = make(tmp_path / "logins", os.getpid(), settings, "mine.example", ["docker.io", "none.example"])
    assert json.loads((folder / "config.json").read_text())["auths"] == {
        "base.example": {"auth": "eA=="},
        "https://index.docker.io/v1/": {"auth": "bWU6eA=="},
    }
    program.unlink()
    folder = make(tmp_path / "logins", os.getpid(), settings, "mine.example", ["docker.io"])
    assert "https://index.docker.io/v1/" not in json.loads((folder / "config.json").read_text())["auths"]


def test_logins_of_the_environment_are_there_too(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {"ci.example": {"auth": "bWU6eA=="}}}))
    (settings / "config.json").write_text(json.dumps({"credHelpers": {"ci.example": "a", "base.example": "b"}}))
    folder = make(tmp_path / "logins", os.getpid(), settings, others=["ci.example", "base.example"])
    found = json.loads((folder / "config.json").read_text())
    assert found == {"auths": {"ci.example": {"auth": "bWU6eA=="}}, "credHelpers": {"base.example": "b"}}


def test_what_a_killed_run_has_left_goes_with_the_next_login(tmp_path: Path, settings: Path) -> None:
    above = tmp_path / "logins"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as run:
        left = make(above, run.pid, settings)
        mine = make(above, os.getpid(), settings)
        assert left.is_dir(), "it is at work"
        (above / "of somebody else").mkdir()
        run.send_signal(signal.SIGKILL)
    again = make(above, os.getpid(), settings)
    assert not left.exists()
    assert {path.name for path in above.iterdir()} == {mine.name, again.name, "of somebody else"}
    assert (settings / "cli-plugins" / "docker-buildx").is_file(), "the user's own plugins stay"


def test_what_another_machine_has_left_goes_after_a_day(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = tmp_path / "logins"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(login_folder, "this_machine", lambda: "another")
        old, new = (make(above, 1, settings) for _ in range(2))
    long_ago = time.time() - login_folder.FOREIGN_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    make(above, os.getpid(), settings)
    assert not old.exists() and new.exists()


def test_a_place_that_others_may_look_into_is_refused(tmp_path: Path, settings: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for above in (tmp_path / "open", tmp_path / "link"):
        with pytest.raises(UnsafeFolder, match="not a folder of yours alone"):
            make(above, os.getpid(), settings)
