"""A command in a Pod: which Pod, what is printed of it and when, how it ends, and what is refused."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.fastapi_mysql.k8s.plugins.action.exec import ActionModule, words
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube import pod_exec
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.pod_exec import Ended, Lines, ended

from fake_api_server import Reply, serving, status, write_kubeconfig
from fake_port_forward import PROTOCOL, send, switch

Object = dict[str, Any]
Says = Callable[[BaseHTTPRequestHandler], None]
SECRET = "hunter2-and-more"


def pod(name: str, version: str, ready: bool = True, leaving: bool = False) -> Object:
    """A Pod of two containers."""
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "users", "key": "P"}}}]
    gone = {"deletionTimestamp": "2026-11-30T10:00:00Z"} if leaving else {}
    return {
        "metadata": {"name": name, "uid": name, "labels": {"pod-template-hash": version}, **gone},
        "spec": {"containers": [{"name": "api", "env": env}, {"name": "mysql"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def failure(code: int) -> bytes:
    causes = [{"reason": "ExitCode", "message": str(code)}]
    details = {"causes": causes}
    return json.dumps({"status": "Failure", "reason": "NonZeroExitCode", "details": details, "message": "x"}).encode()


SUCCESS = json.dumps({"status": "Success"}).encode()


class Cluster:
    """Two versions of a Deployment, and a command that says and does what a test wants."""

    def __init__(self) -> None:
        self.pods = [pod("users-old-a", "old"), pod("users-new-c", "new"), pod("users-new-b", "new")]
        self.says: Says = lambda handler: send(handler, 3, SUCCESS)
        self.refused: Reply | None = None
        self.asked: list[tuple[str, list[tuple[str, str]]]] = []
        self.secret = True

    def route(self, method: str, path: str, body: Object) -> Reply:
        plain, _, query = path.partition("?")
        if plain.endswith("/exec"):
            self.asked.append((plain.split("/")[-2], urllib.parse.parse_qsl(query)))
            return self.refused or (101, {})
        note = {"deployment.kubernetes.io/revision": "2"}
        if plain.endswith("/deployments/users"):
            meta = {"name": "users", "uid": "d", "annotations": note}
            return 200, {"metadata": meta, "spec": {"selector": {"matchLabels": {"a": "users"}}}}
        if plain.endswith("/replicasets"):
            owner = {"labels": {"pod-template-hash": "new"}, "annotations": note, "ownerReferences": [{"uid": "d"}]}
            return 200, {"items": [{"metadata": owner}]}
        if plain.endswith("/pods"):
            return 200, {"items": self.pods}
        if plain.endswith("/secrets/users") and self.secret:
            return 200, {"data": {"P": base64.b64encode(SECRET.encode()).decode()}}
        return status(404, f"{plain} not found")

    def run(self, handler: BaseHTTPRequestHandler) -> None:
        assert handler.headers["Sec-WebSocket-Protocol"] == PROTOCOL
        switch(handler, PROTOCOL)
        handler.close_connection = True
        # As a real server begins.
        for channel in (1, 2, 3):
            send(handler, channel, b"")
        self.says(handler)


class Printed:
    """What was printed, when, and whether as an error."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool, float]] = []

    @property
    def out(self) -> list[str]:
        return [text for text, error, _ in self.lines if not error]

    @property
    def err(self) -> list[str]:
        return [text for text, error, _ in self.lines if error]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Printed:
    found = Printed()

    def display(_: Any, text: str, stderr: bool = False, **__: Any) -> None:
        found.lines.append((text, stderr, time.monotonic()))

    monkeypatch.setattr(Display, "display", display)
    return found


@contextmanager
def up(cluster: Cluster, folder: Path) -> Iterator[KubeClient]:
    with (
        serving(cluster.route, executed=cluster.run) as url,
        KubeClient.from_kubeconfig(write_kubeconfig(folder, url), "here") as client,
    ):
        yield client


def run(cluster: Cluster, folder: Path, command: Any = "date", check: bool = False, **other: Any) -> Object:
    arguments = {"name": "users", "namespace": "n", "command": command, "container": "api", "timeout": 5.0} | other
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(check_mode=check)
    with up(cluster, folder) as client:
        return action.work(client, arguments)


def test_the_command_runs_in_a_ready_pod_of_the_newest_version(
    cluster: Cluster, printed: Printed, tmp_path: Path
) -> None:
    result = run(cluster, tmp_path, "sh -c 'echo \"a b\" | wc'")
    assert result == {"changed": False, "pod": "users-new-b", "container": "api", "rc": 0}
    name, query = cluster.asked[0]
    assert name == "users-new-b"
    assert [value for key, value in query if key == "command"] == ["sh", "-c", 'echo "a b" | wc']
    assert ("stdin", "true") not in query and ("tty", "true") not in query


def test_what_is_written_is_printed_line_by_line_as_it_comes(
    cluster: Cluster, printed: Printed, tmp_path: Path
) -> None:
    def says(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 1, b"fir")
        send(handler, 2, b"an error\n")
        send(handler, 1, "st\r\nsecönd"[:7].encode() + b"\xc3")
        time.sleep(0.4)
        handler.wfile.write(b"\x89\x02hi")
        send(handler, 1, b"\xb6" + b"nd\nno end" + b"x" * 70_000)
        send(handler, 3, SUCCESS)

    cluster.says = says
    run(cluster, tmp_path)
    assert printed.out == ["first", "secönd", "no end" + "x" * 70_000]
    assert printed.err == ["an error"]
    assert printed.lines[2][2] - printed.lines[1][2] > 0.3


def test_a_secret_is_hidden_even_where_it_comes_in_two_pieces(
    cluster: Cluster, printed: Printed, tmp_path: Path
) -> None:
    def says(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 1, b"P=" + SECRET[:5].encode())
        send(handler, 1, SECRET[5:].encode() + b"\n")
        send(handler, 3, SUCCESS)

    cluster.says = says
    run(cluster, tmp_path)
    assert printed.out == ["P=(hidden)"]


def test_a_message_in_several_frames_goes_on_with_its_channel(
    cluster: Cluster, printed: Printed, tmp_path: Path
) -> None:
    def says(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x02\x04\x01one" + b"\x80\x04 two")
        send(handler, 3, SUCCESS)

    cluster.says = says
    run(cluster, tmp_path)
    assert printed.out == ["one two"]


@pytest.mark.parametrize("code", [1, 2, 126, 137, 255])
def test_a_command_that_fails_fails_the_run(cluster: Cluster, printed: Printed, tmp_path: Path, code: int) -> None:
    cluster.says = lambda handler: send(handler, 3, failure(code))
    result = run(cluster, tmp_path)
    assert (result["failed"], result["rc"]) == (True, code)
    assert result["msg"] == f"The command ended with exit status {code} (Pod users-new-b, container api)."


def test_a_program_that_is_not_there_is_told_in_the_runtimes_words(
    cluster: Cluster, printed: Printed, tmp_path: Path
) -> None:
    words = f'exec: "{SECRET}": executable file not found in $PATH'
    cluster.says = lambda handler: send(handler, 3, json.dumps({"status": "Failure", "message": words}).encode())
    result = run(cluster, tmp_path)
    assert result["failed"] and result["rc"] is None
    assert 'could not be run: exec: "(hidden)": executable file not found in $PATH' in result["msg"]


def test_a_command_that_does_not_end_is_left_after_its_time(cluster: Cluster, printed: Printed, tmp_path: Path) -> None:
    def says(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(40):
            send(handler, 1, b"still at it\n")
            time.sleep(0.05)

    cluster.says = says
    began = time.monotonic()
    with pytest.raises(UserError, match=r"within 0.5 s, and may still run in users-new-b.*exec_timeout"):
        run(cluster, tmp_path, timeout=0.5)
    assert time.monotonic() - began < 3
    assert "still at it" in printed.out


@pytest.mark.parametrize("last", [b"", b"\x88\x00", b"\x82\x7e\x10"])
def test_a_connection_that_ends_before_the_command_is_no_success(
    cluster: Cluster, printed: Printed, tmp_path: Path, last: bytes
) -> None:
    def says(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 1, b"half")
        handler.wfile.write(last)

    cluster.says = says
    with pytest.raises(UserError, match="The connection to users-new-b was lost: it ended before the command did"):
        run(cluster, tmp_path)
    assert printed.out == ["half"]


def test_what_is_no_text_ends_it(
    cluster: Cluster, printed: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_exec, "LONGEST_LINE", 1000)
    cluster.says = lambda handler: send(handler, 1, b"\0" * 5000)
    with pytest.raises(UserError, match="is not text"):
        run(cluster, tmp_path)


@pytest.mark.parametrize("command", ["", "   ", [], [""], "''", None, 7, {"a": 1}, [1], True, "echo 'open"])
def test_a_command_that_is_none_is_refused(command: Any) -> None:
    with pytest.raises(UserError, match="command"):
        words(command)


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ([], "has no Pod"),
        ([pod("a", "new", ready=False)], "newest version is ready"),
        ([pod("a", "old")], "newest version is ready"),
        ([pod("a", "new", leaving=True)], "newest version is ready"),
    ],
)
def test_without_a_ready_pod_of_the_newest_version_nothing_is_run(
    cluster: Cluster, tmp_path: Path, pods: list[Object], told: str
) -> None:
    cluster.pods = pods
    with pytest.raises(UserError, match=told):
        run(cluster, tmp_path)
    assert cluster.asked == []


@pytest.mark.parametrize("container", ["nginx", "", "API", "api mysql"])
def test_a_container_that_is_not_there_is_told_with_those_that_are(
    cluster: Cluster, tmp_path: Path, container: str
) -> None:
    with pytest.raises(UserError, match=r"but api and mysql \(exec_container\)"):
        run(cluster, tmp_path, container=container)


def test_who_may_not_run_commands_is_told_the_right(cluster: Cluster, printed: Printed, tmp_path: Path) -> None:
    cluster.refused = status(403, 'pods "users-new-b" is forbidden: User "me" cannot create resource "pods/exec"')
    with pytest.raises(UserError, match=r"forbids it \(403\).*right to get and create pods/exec.*deployer_exec=true"):
        run(cluster, tmp_path)


def test_where_a_secret_cannot_be_read_nothing_is_run(cluster: Cluster, tmp_path: Path) -> None:
    cluster.secret = False
    with pytest.raises(UserError, match="Nothing is printed"):
        run(cluster, tmp_path)
    assert cluster.asked == []


def test_a_time_that_is_none_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    for seconds in (0.0, -3.0):
        with pytest.raises(UserError, match="exec_timeout must be more than 0"):
            run(cluster, tmp_path, timeout=seconds)


def test_check_mode_runs_nothing_and_says_where_it_would(cluster: Cluster, tmp_path: Path) -> None:
    assert run(cluster, tmp_path, check=True) == {"changed": False, "skipped": True, "pod": "users-new-b"}
    assert cluster.asked == []


@pytest.mark.parametrize("text", [b"not JSON", b"[]", b'{"details": {"causes": [{"reason": "ExitCode"}]}}', b"\xff"])
def test_an_end_that_cannot_be_read_is_no_success(text: bytes) -> None:
    assert ended(text).code is None


def test_an_end_is_read_as_kubernetes_writes_it() -> None:
    assert ended(SUCCESS) == Ended(0)
    assert ended(failure(3)) == Ended(3, "x")


def test_lines_end_where_they_end() -> None:
    lines = Lines()
    assert lines.add(b"a\n\nb") == ["a", ""]
    assert lines.rest() == ["b"]
    assert lines.rest() == []
