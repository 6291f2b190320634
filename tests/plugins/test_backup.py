"""A backup proves itself: what is damaged, cut off or changed is refused before anything is touched."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.backup import archive, server
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient

SQL = b"CREATE TABLE notes (text TEXT);\n" + b"INSERT INTO notes VALUES ('caf\xc3\xa9');\n" * 9000


def written(path: Path, sql: bytes = SQL) -> archive.Content:
    writer = archive.Writer(path)
    for start in range(0, len(sql), 70_000):
        writer.add(sql[start : start + 70_000])
    return writer.finish()


@pytest.mark.parametrize("sql", [SQL, b"", b"x", SQL[: (1 << 16)], SQL[: (1 << 16) - 20]])
def test_what_was_written_is_read_back(tmp_path: Path, sql: bytes) -> None:
    path = tmp_path / "b.sql.gz"
    content = written(path, sql)
    assert archive.check(path) == content
    assert b"".join(archive.read(path, content.size)) == sql


def test_it_is_for_its_owner_only_and_the_same_content_makes_the_same_file(tmp_path: Path) -> None:
    written(tmp_path / "a.gz")
    written(tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").stat().st_mode & 0o777 == 0o600


def without_its_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def with_another_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def with_a_line_more(path: Path) -> None:
    path.write_bytes(gzip.compress(b"DROP TABLE notes;\n" + gzip.decompress(path.read_bytes())))


def without_its_last_line(path: Path) -> None:
    path.write_bytes(gzip.compress(SQL))


def with_something_behind_it(path: Path) -> None:
    path.write_bytes(path.read_bytes() + gzip.compress(b"DROP TABLE notes;\n"))


def that_is_plain_sql(path: Path) -> None:
    path.write_bytes(SQL)


def that_is_empty(path: Path) -> None:
    path.write_bytes(b"")


def that_is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def that_is_not_there(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        without_its_end,
        with_another_byte,
        with_a_line_more,
        without_its_last_line,
        with_something_behind_it,
        that_is_plain_sql,
        that_is_empty,
        that_is_a_folder,
        that_is_not_there,
    ],
)
def test_a_backup_that_is_not_whole_is_refused(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "b.sql.gz"
    written(path)
    damage(path)
    with pytest.raises(UserError) as refused:
        archive.check(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_an_older_backup_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "b.sql.gz"
    before = written(path)
    writer = archive.Writer(path)
    writer.add(b"the half of it")
    writer.abandon()
    assert archive.check(path) == before
    assert os.listdir(tmp_path) == ["b.sql.gz"]


def test_a_folder_that_is_not_there_is_told_before_anything_is_dumped(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        archive.Writer(tmp_path / "no such folder" / "b.sql.gz")


@pytest.mark.parametrize("mode", ["pod", "external", "none"])
def test_only_a_database_of_the_targets_own_is_backed_up(mode: str) -> None:
    target = {"name": "n", "namespace": "n", "db_mode": mode, "database": "d", "user": "u"}
    with pytest.raises(UserError, match=f"app_db_mode {mode}: "):
        server.of_target(cast(KubeClient, None), target, 1.0)


def test_names_are_written_as_sql_writes_them() -> None:
    assert server.identifier("a`b") == "`a``b`"
    assert server.text("it's a \\ text") == "'it''s a \\\\ text'"
