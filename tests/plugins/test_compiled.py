"""Compiled templates are kept for the next process: only ours, only whole ones, and not too many."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target import compiled
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.compiled import Compiled
from jinja2 import DictLoader, Environment


def rendered(above: Path, text: str = "hello {{ name }}", name: str = "t") -> tuple[str, int]:
    """What a process makes of a template, and how many it has compiled for that."""
    environment = Environment(loader=DictLoader({name: text}), bytecode_cache=Compiled(above), autoescape=True)
    with mock.patch.object(environment, "compile", wraps=environment.compile) as compiles:
        return environment.get_template(name).render(name="you"), compiles.call_count


def kept(above: Path) -> list[Path]:
    return sorted(path for path in above.rglob("*") if path.is_file())


def test_a_template_is_compiled_once_wherever_it_lies(tmp_path: Path) -> None:
    assert [rendered(tmp_path), rendered(tmp_path), rendered(tmp_path, name="u")] == [
        ("hello you", 1),
        ("hello you", 0),
        ("hello you", 0),
    ]
    assert rendered(tmp_path, "bye {{ name }}") == ("bye you", 1)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_others_may_have_written_is_not_run(tmp_path: Path) -> None:
    rendered(tmp_path)
    (folder,) = tmp_path.iterdir()
    folder.chmod(0o770)
    assert rendered(tmp_path) == ("hello you", 1)


@pytest.mark.parametrize("content", [b"", b"half", None])
def test_what_is_broken_is_compiled_again(tmp_path: Path, content: bytes | None) -> None:
    rendered(tmp_path)
    (file,) = kept(tmp_path)
    file.write_bytes(file.read_bytes()[:-20] if content is None else content)
    assert rendered(tmp_path) == ("hello you", 1)
    assert rendered(tmp_path) == ("hello you", 0)


def test_where_nothing_can_be_kept_it_is_compiled_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [rendered(tmp_path / "file") for _ in range(2)] == [("hello you", 1)] * 2


def test_not_too_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT", 3)
    for number in range(5):
        rendered(tmp_path, f"{number}")
        for age, file in enumerate(kept(tmp_path)):
            os.utime(file, (age, age))
    assert len(kept(tmp_path)) == 3
