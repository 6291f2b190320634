"""A file is the old or the new one, and never readable by more than its mode says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils import whole_file
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.whole_file import write_whole


@pytest.mark.parametrize(("mode", "umask"), [(0o600, 0), (0o644, 0o077), (0o640, 0o022)])
def test_it_gets_its_mode_whatever_the_umask(tmp_path: Path, mode: int, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", "text", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "file"
    file.write_text("old")
    monkeypatch.setattr(whole_file.os, "fchmod", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"new")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_is_nobody_elses_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(descriptor: int, _mode: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(whole_file.os, "fchmod", look)
    write_whole(tmp_path / "file", "text", 0o644)
    assert seen == [0o600]
