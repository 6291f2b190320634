"""Writing manifests; the rendering itself is tested by the scenario `render`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import (
    render_manifests as render,
)

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_sensitive_is_shown_at_no_verbosity_and_why_it_failed_is(tmp_path: Path) -> None:
    """Rendered for its text alone, written, and not to be written."""
    (tmp_path / "one.yml.j2").write_text("value: {{ word }}\n")
    (tmp_path / "file").touch()
    tasks = [
        {
            "fastapi_mysql.k8s.render_manifests": {
                "templates": [str(tmp_path / "one.yml.j2")],
                "dest": dest,
                "sensitive": True,
            }
        }
        for dest in ("", str(tmp_path / "out"), str(tmp_path / "file/out"))
    ]
    play = {"hosts": "localhost", "gather_facts": False, "vars": {"word": "canary"}, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    call = [str(ROOT / ".venv/bin/ansible-playbook"), "-vvvv", "--diff", str(tmp_path / "play.yml")]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (tmp_path / "out/one.yml").read_text() == "value: canary\n"
    assert "canary" not in done.stdout + done.stderr
    assert f"The manifests cannot be written to {tmp_path}/file/out: " in done.stdout + done.stderr


def test_folder_and_file_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        render.make_folder(tmp_path / "a" / "b")
        render.write(tmp_path / "a" / "b" / "f", "text é\n", 0o600)
    finally:
        os.umask(before)
    assert render.file_mode(tmp_path / "a" / "b") == 0o700
    assert render.file_mode(tmp_path / "a" / "b" / "f") == 0o600
    assert render.read(tmp_path / "a" / "b" / "f") == "text é\n"


def test_a_folder_that_is_too_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    render.make_folder(tmp_path / "a")
    assert render.file_mode(tmp_path / "a") == 0o700


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        render.write(tmp_path / "f", "lone \ud800 surrogate", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert render.read(tmp_path / "f") == "old"


def test_what_is_not_there(tmp_path: Path) -> None:
    assert render.read(tmp_path / "f") is None
    assert render.file_mode(tmp_path / "f") is None
