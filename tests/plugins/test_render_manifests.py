"""Writing manifests; the rendering itself is tested by the scenario `render`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import (
    render_manifests as render,
)


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
