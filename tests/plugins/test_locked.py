"""What is fetched is what was looked at: every Python package by its hash, every base image by its digest."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pip
import pytest
import yaml

import package_index

ROOT = Path(__file__).resolve().parents[2]
IN_WORDS = re.compile(r"\.(md|txt|rst)$|^tests/plugins/(test_locked|package_index)\.py$")
# What users install: into a Python of theirs, or into the image of an API of theirs, by their own lists.
OF_USERS = re.compile(
    r"^roles/new/templates/|^tests/integration/foreign/"
    r"|^plugins/plugin_utils/target/installation\.py$|^tests/plugins/test_output_rules\.py$"
)
# A list is complete: pip has nothing to resolve, and nothing to build with tools that no list names.
LOCKED = ("--require-hashes", "--no-deps", "--only-binary=:all:")
# However pip is called: by its name, by a variable, or by what a variable holds of its arguments.
INSTALLS = re.compile(r"\bpip3?\b.* install\b|[\"' ]install --(?:quiet|require)|\buv (?:pip|sync|run|tool)\b")


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


@pytest.mark.parametrize("wanted", WANTED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_list_installs_the_same_whatever_is_published_later(wanted: Path, tmp_path: Path) -> None:
    locked = wanted.with_suffix(".txt")
    needy = package_index.copied(locked, tmp_path, tmp_path / "list.txt")
    done = package_index.would_install(tmp_path / "list.txt", tmp_path, *LOCKED)
    assert done.returncode == 0, done.stderr
    [said] = [line for line in done.stdout.splitlines() if line.startswith("Would install")]
    here = [one for one in package_index.entries(locked) if "win32" not in one.marker]
    assert len(said.split()) - 2 == len(here)
    assert str(10**9) not in said
    # Why nothing may be resolved: that a list is complete does not keep pip from looking for something better.
    # Debian 12's pip (23) then refuses what it finds; later ones come back to what is pinned.
    if needy and int(pip.__version__.split(".")[0]) < 24:
        resolved = package_index.would_install(tmp_path / "list.txt", tmp_path, "--require-hashes")
        assert "all requirements must have their versions pinned" in resolved.stderr


def test_pip_takes_what_is_locked_and_resolves_nothing() -> None:
    calls, wrong = 0, []
    for path in files():
        name = str(path.relative_to(ROOT))
        if IN_WORDS.search(name) or OF_USERS.search(name) or path.suffix in (".png", ".svg"):
            continue
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in re.split(r"[;\n]|&&", text):
            if INSTALLS.search(command):
                calls += 1
                wrong += [f"{name}: {command.strip()} lacks {option}" for option in LOCKED if option not in command]
    assert wrong == []
    assert calls


def test_the_platform_takes_what_is_locked_and_resolves_nothing() -> None:
    found = 0
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        for task in tasks_of(yaml.safe_load(path.read_text(encoding="utf-8")) or []):
            if "ansible.builtin.pip" in task:
                found += 1
                assert set(LOCKED) <= set(task["ansible.builtin.pip"]["extra_args"].split()), path
                assert set(task["ansible.builtin.pip"]) & {"name", "editable"} == set(), path
    assert found


def tasks_of(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in listed:
        yield task
        yield from tasks_of(task.get("block", []) + task.get("rescue", []) + task.get("always", []))


def test_what_installs_a_list_checks_that_it_fits_together() -> None:
    """Without resolving, pip would not notice that something is missing."""
    for name, checks in {"Makefile": 1, "api/Dockerfile": 2, "roles/platform_base/tasks/programs.yml": 1}.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert len(re.findall(r"pip\b.* check\)|pip check\b|pip, check\b", text)) == checks, name


def test_images_build_on_what_was_hashed() -> None:
    """By the digest that counts in the image's tag; the tag that a Dockerfile names by default is for people."""
    for path in files():
        if path.name == "Dockerfile" or path.suffix == ".Dockerfile":
            text = path.read_text(encoding="utf-8")
            stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE)) | {"scratch"}
            bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages
            assert bases <= {"${BASE_IMAGE}", "${API_IMAGE}"}, path


def test_no_collection_comes_from_elsewhere() -> None:
    """They come with the locked package `ansible`."""
    assert [path for path in files() if path.name == "requirements.yml"] == []
    assert set(yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]) == {
        "kubernetes.core",
        "community.docker",
    }
    assert re.search(r"^ansible==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
