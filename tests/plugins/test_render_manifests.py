"""Writing manifests; the rendering itself is tested by the scenario `render`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.rendering import Folder, file_mode, read

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


def written(folder: Path, name: str, text: str) -> None:
    """As the actions do it: what differs, and nothing else."""
    files = Folder(folder)
    files.write(files.differing({name: text}, 0o600))


def test_folder_and_file_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        written(tmp_path / "a" / "b", "f", "text é\n")
    finally:
        os.umask(before)
    assert file_mode(tmp_path / "a" / "b") == 0o700
    assert file_mode(tmp_path / "a" / "b" / "f") == 0o600
    assert read(tmp_path / "a" / "b" / "f") == "text é\n"
    assert Folder(tmp_path / "a" / "b").differing({"f": "text é\n"}, 0o600) == []


def test_a_folder_that_is_too_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    written(tmp_path / "a", "f", "text")
    assert file_mode(tmp_path / "a") == 0o700


def test_a_file_that_is_too_open_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("text")
    (tmp_path / "f").chmod(0o644)
    written(tmp_path, "f", "text")
    assert file_mode(tmp_path / "f") == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        written(tmp_path, "f", "lone \ud800 surrogate")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert read(tmp_path / "f") == "old"


def test_what_is_not_there(tmp_path: Path) -> None:
    assert read(tmp_path / "f") is None
    assert file_mode(tmp_path / "f") is None
