"""Nothing in an image helps somebody who got in: no program that gives rights, no file that anybody may write."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from sizes import DOCKER, ROOT, build

# Sticky, and of the whole container: what Debian has so everywhere.
SHARED = {"tmp", "var/tmp", "run/lock"}
TOOLS = {"apt", "apt-get", "dpkg", "pip", "pip3", "gcc", "cc", "perl", "curl", "wget", "su", "mount"}


@pytest.fixture(scope="module", params=["api", "db"])
def image(request: pytest.FixtureRequest) -> str:
    """Each image that is deployed."""
    name = f"fastapi-mysql-{request.param}:sizes"
    build(ROOT / request.param, name)
    return name


@pytest.fixture(scope="module")
def members(image: str) -> list[tarfile.TarInfo]:
    """Every file as a container of the image would see it."""
    return list(listed(image))


def listed(image: str) -> Iterator[tarfile.TarInfo]:
    """Read a container that never ran."""
    made = subprocess.run([DOCKER, "create", image], check=True, capture_output=True, text=True).stdout.strip()
    try:
        with (
            subprocess.Popen([DOCKER, "export", made], stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|", bufsize=1 << 20) as archive,
        ):
            yield from archive
    finally:
        subprocess.run([DOCKER, "rm", made], check=True, capture_output=True)


def test_no_program_gives_rights(members: list[tarfile.TarInfo]) -> None:
    """Neither set-user-ID nor set-group-ID, nor a file capability."""
    assert len(members) > 500
    assert [one.name for one in members if one.isfile() and one.mode & 0o6000] == []
    assert [one.name for one in members if any("capability" in name for name in one.pax_headers)] == []


def test_nobody_writes_what_others_run(members: list[tarfile.TarInfo]) -> None:
    """Only the folders for everybody's temporary files, which are sticky."""
    writable = [one for one in members if one.mode & 0o002 and not one.issym() and not one.isdev()]
    assert {one.name for one in writable} <= SHARED
    assert all(one.isdir() and one.mode & 0o1000 for one in writable)


def test_runs_as_nobody_in_particular(image: str) -> None:
    """A fixed number that is no account of any machine."""
    shown = subprocess.run([DOCKER, "image", "inspect", image], check=True, capture_output=True, text=True)
    [facts] = json.loads(shown.stdout)
    user, _, group = facts["Config"]["User"].partition(":")
    assert int(user) > 10000
    assert int(group) > 10000
    assert not any("PASSWORD" in line.upper() for line in facts["Config"]["Env"])


def test_the_api_holds_nothing_but_what_it_runs_on(members: list[tarfile.TarInfo], image: str) -> None:
    """No package manager, no compiler, no pip; and its user owns nothing."""
    if "-api:" not in image:
        pytest.skip("the database's image is Debian's, with its package manager")
    programs = {PurePosixPath(one.name).name for one in members if not one.isdir() and one.mode & 0o111}
    assert TOOLS & programs == set()
    assert [one.name for one in members if one.uid > 10000] == []
