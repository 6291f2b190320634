"""Whether a Docker engine answers is known before anything is built."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.docker_engine import (
    NoEngine,
    check_builder,
    check_engine,
    engine_holds,
)


def answer_once(path: Path, answer: bytes) -> threading.Thread:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_engine_answers(tmp_path: Path) -> None:
    path = tmp_path / "s"
    thread = answer_once(path, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
    assert check_engine("", {"DOCKER_HOST": f"unix://{path}"}) == f"unix://{path}"
    thread.join()


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n{"RepoDigests":["r/a@sha256:1"]} ', True),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 32\r\n\r\n{"RepoDigests":["r/a@sha256:2"]} ', False),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"RepoDigests":null}', False),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", False),
        (b"nonsense\r\n", False),
    ],
)
def test_what_the_engine_holds(tmp_path: Path, answer: bytes, holds: bool) -> None:
    path = tmp_path / "s"
    thread = answer_once(path, answer)
    assert engine_holds(f"unix://{path}", "r/a:1", "sha256:1") is holds
    thread.join()
    assert not engine_holds("ssh://me@host", "r/a:1", "sha256:1")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"", b"nonsense\r\n"])
def test_something_else_answers(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "s"
    thread = answer_once(path, answer)
    with pytest.raises(NoEngine, match="start it or set app_docker_host"):
        check_engine(f"unix://{path}", {})
    thread.join()


@pytest.mark.parametrize("host", ["unix:///does/not/exist", "tcp://127.0.0.1:1"])
def test_nothing_answers(host: str) -> None:
    with pytest.raises(NoEngine, match=f"No Docker engine responds at {host} "):
        check_engine(host, {})


@pytest.mark.parametrize(
    ("host", "environment"), [("ssh://me@host", {}), ("tcp://127.0.0.1:1", {"DOCKER_TLS_VERIFY": "1"})]
)
def test_what_is_left_to_the_docker_modules(host: str, environment: dict[str, str]) -> None:
    assert check_engine(host, environment) == host


@pytest.mark.parametrize(
    ("driver", "platforms", "problem"),
    [
        ("docker", ["linux/amd64"], ""),
        (
            "docker",
            ["linux/arm64"],
            "cannot build for linux/arm64 .it can: linux/386, linux/amd64.: change image_platforms",
        ),
        ("docker", ["linux/amd64", "linux/386"], "holds an image for one platform only: make another"),
        ("docker-container", ["linux/amd64", "linux/386"], ""),
    ],
)
def test_a_builder_says_what_it_can(tmp_path: Path, driver: str, platforms: list[str], problem: str) -> None:
    # As buildx 0.13 prints it.
    cli = tmp_path / "docker"
    cli.write_text(
        f"#!/bin/sh\n[ \"$*\" = 'buildx inspect default' ] || exit 1\n"
        f"printf 'Name:   default\\nDriver: {driver}\\n\\nNodes:\\nPlatforms: linux/amd64*, linux/386\\n'\n"
    )
    cli.chmod(0o755)
    if not problem:
        check_builder(str(cli), "", platforms, {})
        return
    with pytest.raises(NoEngine, match=problem):
        check_builder(str(cli), "", platforms, {})


def test_a_builder_that_is_not_there(tmp_path: Path) -> None:
    cli = tmp_path / "docker"
    cli.write_text("#!/bin/sh\necho 'ERROR: no builder \"multi\" found' >&2; exit 1\n")
    cli.chmod(0o755)
    with pytest.raises(NoEngine, match=r"The builder 'multi' cannot be used .ERROR: no builder"):
        check_builder(str(cli), "multi", [], {})
