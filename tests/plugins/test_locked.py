"""What is fetched is what was looked at: every Python package by its hash, every base image by its digest."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
IN_WORDS = re.compile(r"\.(md|txt|rst)$|^tests/plugins/test_locked\.py$")


def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


WANTED = [path for path in files() if path.match("requirements*.in")]


@pytest.mark.parametrize("wanted", WANTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_list_is_locked(wanted: Path) -> None:
    locked = wanted.with_suffix(".txt").read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in locked.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert entries
    assert [line for line in entries if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []
    names = {re.sub(r"[-_.]+", "-", re.split(r"[=\[]", line)[0]).lower() for line in entries}
    for line in wanted.read_text(encoding="utf-8").splitlines():
        name = re.match(r"[A-Za-z0-9._-]+", line)
        if name and not line.startswith("-"):
            assert re.sub(r"[-_.]+", "-", name[0]).lower() in names, f"{name[0]} is not locked: make lock"


def test_pip_takes_nothing_without_a_hash() -> None:
    bare = []
    for path in files():
        name = str(path.relative_to(ROOT))
        if IN_WORDS.search(name) or path.suffix in (".png", ".svg"):
            continue
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        bare += [
            f"{name}: {command.strip()}"
            for command in re.split(r"[;\n]|&&", text)
            if re.search(r"\bpip3?\b.* install\b", command) and "--require-hashes" not in command
        ]
    assert bare == []


def test_the_platform_takes_nothing_without_a_hash() -> None:
    found = 0
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        for task in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            if "ansible.builtin.pip" in task:
                found += 1
                assert "--require-hashes" in task["ansible.builtin.pip"]["extra_args"], path
                assert set(task["ansible.builtin.pip"]) & {"name", "editable"} == set(), path
    assert found


def test_images_build_on_what_was_hashed() -> None:
    """By the digest that counts in the image's tag; the tag that a Dockerfile names by default is for people."""
    build = (ROOT / "roles/image/tasks/build.yml").read_text(encoding="utf-8")
    assert "combine(__image_pinned)" in build
    for path in files():
        if path.name == "Dockerfile" or path.suffix == ".Dockerfile":
            text = path.read_text(encoding="utf-8")
            stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)) | {"scratch"}
            bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages
            assert bases <= {"${BASE_IMAGE}", "${API_IMAGE}"}, path


def test_no_collection_comes_from_elsewhere() -> None:
    """They come with the locked package `ansible`."""
    assert [path for path in files() if path.name in ("galaxy.yml", "requirements.yml")] == []
    assert re.search(r"^ansible==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
