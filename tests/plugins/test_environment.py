"""The environment that make makes: once, for this folder, this Python and these lists, and never half of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pip
import pytest

import package_index

ROOT = Path(__file__).resolve().parents[2]
LISTS = ("requirements.txt", "requirements-dev.txt", "requirements-audit.txt")
Make = Callable[..., subprocess.CompletedProcess[str]]


# As pip as far as make can see, and done at once: what a list names is there afterwards.
PIP = """
import pathlib, re, sys
[site] = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parents[1].glob("lib/python3*/site-packages")
if "check" in sys.argv:
    sys.exit(0)
for name, version in re.findall("^([a-z-]+)==([0-9]+)", pathlib.Path(sys.argv[-1]).read_text(), re.M):
    (site / f"{name}-{version}.dist-info").mkdir()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Lay out a checkout with short lists, and a Python that makes environments with a small pip at once."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    lock(folder, "requirements.txt", "coverage==1", "pytest-cov==1 coverage[extra]")
    for name in LISTS[1:]:
        lock(folder, name, "tool==1")
    pip = tmp_path / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(PIP, encoding="utf-8")
    (tmp_path / "programs").mkdir()
    python_that_makes(tmp_path, f'{PYTHON} -m venv --without-pip "$3"; cp -a {pip} "$3"/lib/python3*/site-packages/')
    # Another pip, of the machine: what it was called with is kept.
    script(tmp_path / "programs/pip", f'echo "$*" >> {tmp_path}/pip-of-the-machine')
    return folder


def python_that_makes(tmp_path: Path, environment: str) -> None:
    """Have a python3 that makes environments in another way, and is Python otherwise."""
    script(tmp_path / "programs/python3", f'[ "$1 $2" != "-m venv" ] || {{ {environment}; exit; }}\nexec {PYTHON} "$@"')


PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def lock(folder: Path, name: str, *packages: str) -> None:
    """Write a list of `name==version requirement…`, and publish it with a version that came later."""
    lines = []
    for package in packages:
        pinned, *requires = package.split()
        name_alone, _, version = pinned.partition("==")
        digest = package_index.wheel(folder.parent / "index", name_alone, version, requires)
        package_index.wheel(folder.parent / "index", name_alone, "9", requires)
        lines.append(f"{pinned} --hash=sha256:{digest}")
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def make(checkout: Path, tmp_path: Path) -> Make:
    def run(*arguments: str, folder: Path = checkout) -> subprocess.CompletedProcess[str]:
        environment = package_index.environment(tmp_path / "index")
        environment["PATH"] = f"{tmp_path / 'programs'}:/usr/sbin:/usr/bin:/sbin:/bin"
        for inherited in ("MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV"):
            environment.pop(inherited, None)
        return subprocess.run(
            ["make", "--no-print-directory", *(arguments or (".venv/deploy",))],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def installed(environment: Path) -> set[str]:
    """Tell what an environment has, beside what every one has."""
    found = {file.name.removesuffix(".dist-info") for file in environment.glob("lib/python*/site-packages/*.dist-info")}
    return {one.replace("_", "-") for one in found if not one.startswith(("pip-", "setuptools-"))}


def test_what_is_locked_is_installed_whatever_was_published_since(checkout: Path, make: Make, tmp_path: Path) -> None:
    there = Path(pip.__file__).parent
    python_that_makes(tmp_path, f'{PYTHON} -m venv --without-pip "$3"; cp -a {there}* "$3"/lib/python3*/site-packages/')
    # What a list lacks is told, and what was not installed whole does not count as installed.
    lock(checkout, "requirements-dev.txt", "tool==1 another[extra]")
    for _ in range(2):
        done = make(".venv/test")
        assert installed(checkout / ".venv") == {"coverage-1", "pytest-cov-1", "tool-1"}
        assert done.returncode != 0
        assert (
            "requirements-dev.txt does not fit together: tool 1 requires another, which is not installed" in done.stderr
        )


def test_each_list_has_its_environment_and_once_only(checkout: Path, make: Make) -> None:
    assert (done := make(".venv/test", ".venv/audit/done")).returncode == 0, done.stderr
    assert installed(checkout / ".venv") == {"coverage-1", "pytest-cov-1", "tool-1"}
    assert installed(checkout / ".venv/audit") == {"tool-1"}
    assert "Installing" not in make(".venv/test", ".venv/audit/done").stdout


def test_a_list_that_has_changed_leaves_nothing_behind(checkout: Path, make: Make) -> None:
    make(".venv/test")
    lock(checkout, "requirements.txt", "other==2")
    make()
    assert installed(checkout / ".venv") == {"other-2"}


def test_a_list_that_was_only_written_again_changes_nothing(checkout: Path, make: Make) -> None:
    make()
    (checkout / "requirements.txt").touch()
    assert "is up to date" in make().stdout


def upgraded(environment: Path) -> None:
    """The system has another Python now: its name is the same, and what was installed is not where it looks."""
    [library] = environment.glob("lib/python3*")
    library.rename(library.with_name("python3.2"))


def removed(environment: Path) -> None:
    """The Python that the environment was made with is gone."""
    for program in environment.glob("bin/python*"):
        program.unlink()
        program.symlink_to("/nowhere/bin/python3")


def without_pip(environment: Path) -> None:
    for package in environment.glob("lib/python3*/site-packages/pip*"):
        shutil.rmtree(package)


def of_another_version(environment: Path) -> None:
    made = environment / "made"
    made.write_text(made.read_text().replace(" {} {}".format(*sys.version_info), " 3 2"))


@pytest.mark.parametrize("happened", [upgraded, removed, without_pip, of_another_version])
def test_an_environment_for_another_python_is_made_again(
    checkout: Path, make: Make, happened: Callable[[Path], None]
) -> None:
    make()
    happened(checkout / ".venv")
    assert (done := make()).returncode == 0, done.stderr
    assert installed(checkout / ".venv") == {"coverage-1", "pytest-cov-1"}
    assert "is up to date" in make().stdout


def test_an_environment_from_another_folder_is_made_again(checkout: Path, make: Make, tmp_path: Path) -> None:
    make()
    moved = checkout.rename(tmp_path / "moved")
    assert "is up to date" not in make(folder=moved).stdout
    assert "is up to date" in make(folder=moved).stdout


def test_half_an_environment_leads_to_no_other_pip(checkout: Path, make: Make, tmp_path: Path) -> None:
    """As `python3 -m venv` leaves it that ends at ensurepip: with a Python, without a pip."""
    healthy = (tmp_path / "programs/python3").read_text()
    python_that_makes(tmp_path, f'{PYTHON} -m venv --without-pip "$3"; exit 1')
    assert make().returncode != 0
    assert (checkout / ".venv/bin/python").exists()
    (tmp_path / "programs/python3").write_text(healthy)
    assert (done := make()).returncode == 0, done.stderr
    assert installed(checkout / ".venv") == {"coverage-1", "pytest-cov-1"}
    assert not (tmp_path / "pip-of-the-machine").exists()


def test_the_users_python_is_refused_only_for_its_age(make: Make, tmp_path: Path) -> None:
    script(tmp_path / "programs/python3.8", 'echo "Python 3.8.18"; exit 1')
    done = make("PYTHON=python3.8", ".venv/deploy")
    assert "Python 3.11 or later is needed; python3.8 is Python 3.8.18." in done.stderr


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "xx_XX.UTF-8"}, {"LC_TIME": "xx_XX"}, {"LANG": ""}],
    ids=str,
)
def test_ansible_starts_whatever_the_locale(locale: dict[str, str], tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MAKE"))}
    # `make down` asks nothing of a cluster, and a syntax check nothing of the platform.
    call = ["make", "--no-print-directory", "--assume-old=.venv/deploy", "--assume-old=.venv/made", "down"]
    done = subprocess.run(
        [*call, "BECOME=", "ARGS=--syntax-check"],
        cwd=ROOT,
        env=kept | {"LANG": "C.UTF-8"} | locale,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("playbook", ["site.yml", "verify.yml", "playbooks/site.yml", "playbooks/status.yml"])
def test_roles_and_plugins_are_found_without_ansible_cfg(playbook: str) -> None:
    """From another folder, or in one that others may write to, Ansible does not read it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    call = ["ansible-playbook", str(ROOT / playbook)]
    inventory = ["-i", str(ROOT / "inventory/sample"), "--syntax-check"]
    done = subprocess.run([*call, *inventory], cwd="/", env=kept, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    # Which inventory counts without -i stands in it.
    done = subprocess.run(call, cwd="/", env=kept, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "No ansible.cfg was read" in done.stderr


def test_make_names_ansible_cfg_itself() -> None:
    call = ["make", "--no-print-directory", "--print-data-base", "--dry-run", "deploy"]
    said = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60).stdout
    assert f"ANSIBLE_CONFIG := {ROOT}/ansible.cfg" in said
