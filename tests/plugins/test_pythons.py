"""Which other versions of Python the tests of plugins and roles are run on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PYTHONS = Path(__file__).resolve().parents[1] / "pythons"
OWN, OTHER, ANOTHER = "3.12", "3.11", "3.13"


def program(path: Path, version: str, broken: bool = False) -> Path:
    """Have a python that says of itself that it is of a version, or that it cannot run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\n{"exit 127" if broken else ""}\ncase "$2" in *"== \'{version}\'"*) echo "$0";; *) exit 1;; esac\n'
    )
    path.chmod(0o755)
    return path


def listed(home: Path) -> list[str]:
    """Run it where nothing but this home is on PATH."""
    program(home / "bin/python3", OWN)
    done = subprocess.run(
        ["/bin/bash", str(PYTHONS)],
        env={"HOME": str(home), "PATH": f"{home}/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.splitlines()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    # As pyenv's shims are of versions that are not chosen.
    for version in (OTHER, ANOTHER):
        program(tmp_path / f"bin/python{version}", version, broken=True)
    return tmp_path


@pytest.mark.parametrize(
    "place",
    [".pyenv/versions/3.11.7/bin/python", ".local/share/uv/python/cpython-3.11.9-linux-x86_64-gnu/bin/python3"],
)
def test_one_is_found_where_tools_keep_it(home: Path, place: str) -> None:
    found = program(home / place, OTHER)
    assert listed(home)[0] == f"{OTHER} {found}"


def test_one_on_the_path_comes_first_if_it_runs(home: Path) -> None:
    program(home / ".pyenv/versions/3.11.7/bin/python", OTHER)
    found = program(home / f"bin/python{OTHER}", OTHER)
    assert listed(home)[0] == f"{OTHER} {found}"


def test_one_that_says_it_is_another_does_not_count(home: Path) -> None:
    program(home / ".pyenv/versions/3.13.0/bin/python", "3.14")
    assert not [line for line in listed(home) if line.startswith(f"{ANOTHER} {home}")]


def test_its_own_is_not_another(home: Path) -> None:
    assert [line.split()[0] for line in listed(home)] == [OTHER, ANOTHER]
