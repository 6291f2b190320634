"""Fixtures: the image, and containers that are always removed."""

import os
from collections.abc import Iterator

import pytest

from containers import CONTEXT, IMAGE, PREFIX, Server, Servers, docker, must


@pytest.fixture(scope="session", autouse=True)
def image() -> Iterator[None]:
    """Build the image unless it is there, and leave no container or volume behind."""
    if docker("image", "inspect", IMAGE).returncode:
        base = os.environ.get("BASE_IMAGE")
        network = os.environ.get("BUILD_NETWORK")
        must(
            *("buildx", "build", "--load", "--tag", IMAGE),
            *(("--build-arg", f"BASE_IMAGE={base}") if base else ()),
            *(("--network", network) if network else ()),
            str(CONTEXT),
            timeout=600,
        )
    yield
    # Also what a test left that was interrupted before its own clean-up.
    for names, remove in (
        (must("ps", "-aq", "--filter", f"label={PREFIX}"), ("rm", "-fv")),
        (must("volume", "ls", "-q", "--filter", f"label={PREFIX}"), ("volume", "rm")),
    ):
        if names.split():
            docker(*remove, *names.split())


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers and volumes for one test."""
    made = Servers()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for tests that only look."""
    made = Servers()
    yield made(MYSQL_USER="app", MYSQL_PASSWORD="secret").ready()
    made.remove()
