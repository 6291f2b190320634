"""Reading kubeconfig files."""

from __future__ import annotations

import base64
import json
import os
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.config import (
    is_missing,
    load_cluster,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import (
    KubeconfigError,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.pinned import pinned, sweep

from fake_api_server import write_kubeconfig
from test_kube_client import certificate

SERVER = "https://192.0.2.1:6443/"


def header(path: str) -> str:
    """The Authorization header that a kubeconfig leads to."""
    return load_cluster(path).credentials.headers["Authorization"]


def test_missing_file_names_it_and_the_variable(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=rf"{tmp_path}/none: no such file\. Set app_kubeconfig"):
        load_cluster(str(tmp_path / "none"))


def test_unknown_context_lists_those_there_are(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path, SERVER)
    with pytest.raises(KubeconfigError, match=r"Context nowhere is not in .*there are: here"):
        load_cluster(path, "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "just text", "a: [b"])
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KubeconfigError) as error:
        load_cluster(str(path))
    assert "\n" not in str(error.value)


def test_no_current_context(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("{apiVersion: v1, kind: Config}")
    with pytest.raises(KubeconfigError, match=r"no current context.*app_context"):
        load_cluster(str(path))


def test_a_list_of_files_is_merged_and_the_first_wins(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    first = write_kubeconfig(one, "https://first")
    second = Path(write_kubeconfig(two, "https://second"))
    other = json.loads(second.read_text())
    other["contexts"].append({"name": "there", "context": {"cluster": "d", "user": "u", "namespace": "n"}})
    other["clusters"].append({"name": "d", "cluster": {"server": "https://third"}})
    second.write_text(json.dumps(other))
    environ = {"KUBECONFIG": os.pathsep.join([str(tmp_path / "none"), first, str(second)])}
    assert load_cluster(environ=environ).server == "https://first"
    there = load_cluster(context="there", environ=environ)
    assert (there.server, there.namespace) == ("https://third", "n")


def test_home_is_the_last_resort(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    Path(write_kubeconfig(tmp_path, SERVER)).rename(tmp_path / ".kube" / "config")
    assert load_cluster(environ={"HOME": str(tmp_path)}).server == SERVER.rstrip("/")


def test_token_token_file_and_basic(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    assert header(write_kubeconfig(tmp_path, SERVER, {"token": "abc"})) == "Bearer abc"
    assert header(write_kubeconfig(tmp_path, SERVER, {"tokenFile": "token"})) == "Bearer from-file"
    basic = "Basic " + base64.b64encode(b"me:p:w").decode()
    assert header(write_kubeconfig(tmp_path, SERVER, {"username": "me", "password": "p:w"})) == basic


def test_certificate_files_are_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "crt").write_bytes(b"certificate")
    user = {"client-certificate": "crt", "client-key-data": base64.b64encode(b"key").decode()}
    credentials = load_cluster(write_kubeconfig(tmp_path, SERVER, user)).credentials
    assert (credentials.certificate, credentials.key) == (b"certificate", b"key")


@pytest.mark.parametrize(
    "user",
    [
        {"client-certificate": "missing", "client-key": "missing"},
        {"tokenFile": "missing"},
        {"exec": {"command": "no-such-plugin-anywhere"}},
        {"exec": {"command": "false"}},
        {"exec": {"command": "echo", "args": ["no json"]}},
    ],
)
def test_credentials_that_cannot_be_had(tmp_path: Path, user: dict[str, Any]) -> None:
    with pytest.raises(KubeconfigError, match="context here") as error:
        load_cluster(write_kubeconfig(tmp_path, SERVER, user))
    assert "\n" not in str(error.value)


def test_exec_plugin_gets_its_environment_and_gives_a_token(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    script.write_text('#!/bin/sh\necho "{\\"status\\": {\\"token\\": \\"$WORD-${KUBERNETES_EXEC_INFO:+info}\\"}}"\n')
    script.chmod(0o755)
    user = {"exec": {"command": str(script), "env": [{"name": "WORD", "value": "hello"}]}}
    assert header(write_kubeconfig(tmp_path, SERVER, user)) == "Bearer hello-info"


def test_certificate_that_is_none(tmp_path: Path) -> None:
    data = base64.b64encode(b"nonsense").decode()
    user = {"client-certificate-data": data, "client-key-data": data}
    with pytest.raises(KubeconfigError, match="cannot be used"):
        load_cluster(write_kubeconfig(tmp_path, SERVER, user)).tls()


def test_a_user_that_is_not_there_is_nobody_else(tmp_path: Path) -> None:
    path = Path(write_kubeconfig(tmp_path, SERVER))
    document = json.loads(path.read_text()) | {"users": []}
    path.write_text(json.dumps(document))
    with pytest.raises(KubeconfigError, match="the user u of context here is not there"):
        load_cluster(str(path))


def test_empty_entries_and_the_home_in_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_kubeconfig(tmp_path, SERVER)
    assert load_cluster(environ={"KUBECONFIG": f"{os.pathsep}~/kubeconfig{os.pathsep}"}).server == SERVER.rstrip("/")
    with pytest.raises(KubeconfigError, match="no such file"):
        load_cluster(environ={"KUBECONFIG": os.pathsep})
    with pytest.raises(KubeconfigError, match="nobody-of-that-name"):
        load_cluster("~nobody-of-that-name/config")


@pytest.mark.parametrize("kind", [PermissionError, IsADirectoryError])
def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[OSError]) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise kind(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    path = tmp_path / "closed" / "k3s.yaml"
    assert not is_missing(path)
    with pytest.raises(KubeconfigError, match=r"k3s.yaml cannot be read by \w+: Permission denied\.$"):
        load_cluster(str(path))


def test_comments_around_certificates_may_be_of_any_encoding(tmp_path: Path) -> None:
    made, _ = certificate(days=10)
    (tmp_path / "ca").write_bytes("Bag Attributes\n    friendlyName: Büro\n".encode() + b"# M\xfcller\n" + made + made)
    cluster = load_cluster(write_kubeconfig(tmp_path, SERVER, **{"certificate-authority": "ca"}))
    assert cluster.ca.count("BEGIN CERTIFICATE") == 2
    assert not cluster.tls().verify_flags & ssl.VERIFY_X509_STRICT


def test_base64_over_several_lines_and_what_is_none(tmp_path: Path) -> None:
    data = base64.encodebytes(b"certificate" * 20).decode()
    user = {"client-certificate-data": data, "client-key-data": data}
    assert load_cluster(write_kubeconfig(tmp_path, SERVER, user)).credentials.certificate == b"certificate" * 20
    for wrong, where in (
        ("QUJD&#43;QUJD", "'&' at character 5"),
        ("QUJ", "3 characters"),
        ("QÜJD", "'Ü' at character 2"),
    ):
        with pytest.raises(KubeconfigError, match=f"certificate-authority-data is not base64.*{where}"):
            load_cluster(write_kubeconfig(tmp_path, SERVER, **{"certificate-authority-data": wrong}))


def test_what_a_plugin_is_told_and_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "plugin").write_text(
        '#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" >"$OUT"\n'
        'echo \'{"status": {"token": "t", "expirationTimestamp": "2100-01-01T00:00:00Z"}}\'\n'
    )
    (tmp_path / "plugin").chmod(0o755)
    (tmp_path / "ca").write_bytes(b"authority")
    out = tmp_path / "out"
    plugin = {"command": "./plugin", "provideClusterInfo": True, "env": [{"name": "OUT", "value": str(out)}]}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}
    entry = {"certificate-authority": "ca", "tls-server-name": "n", "proxy-url": "http://p", "extensions": [extension]}
    found = load_cluster(write_kubeconfig(tmp_path, SERVER, {"exec": plugin}, **entry)).credentials
    assert (found.headers["Authorization"], found.expires) == ("Bearer t", 4102444800.0)
    told = json.loads(out.read_text())["spec"]["cluster"]
    assert told == {
        "server": SERVER,
        "tls-server-name": "n",
        "proxy-url": "http://p",
        "certificate-authority-data": base64.b64encode(b"authority").decode(),
        "config": {"audience": "a"},
    }
    out.unlink()
    load_cluster(write_kubeconfig(tmp_path, SERVER, {"exec": plugin, "token": "mine"}))
    assert not out.exists(), "who has said who they are needs no plugin"


def test_impersonation(tmp_path: Path) -> None:
    found = load_cluster(write_kubeconfig(tmp_path, SERVER, {"as": "x", "as-groups": ["a", "b"]})).credentials
    assert (found.headers, found.groups) == ({"Impersonate-User": "x"}, ("a", "b"))
    for user in ({"as": "x", "as-uid": "1"}, {"as": "x", "as-user-extra": {"a": ["b"]}}, {"as-groups": ["a"]}):
        with pytest.raises(KubeconfigError, match="context here: as-"):
            load_cluster(write_kubeconfig(tmp_path, SERVER, user))


def test_the_kubeconfig_of_a_run(tmp_path: Path) -> None:
    run = tmp_path / "ansible-local-9999999abcdefgh"
    run.mkdir()
    (tmp_path / "token").write_text("one")
    source = write_kubeconfig(tmp_path, SERVER, {"tokenFile": "token", "as": "x"})
    path = pinned(run, source, "", {"HTTPS_PROXY": "http://me:secret@p"})
    assert path.stat().st_mode & 0o777 == 0o600
    document = json.loads(path.read_text())
    assert [len(document[name]) for name in ("clusters", "users", "contexts")] == [1, 1, 1]
    assert document["users"][0]["user"] == {"token": "one", "as": "x"}
    write_kubeconfig(tmp_path, "https://elsewhere", {"token": "other"})
    (tmp_path / "token").write_text("two")
    assert pinned(run, source, "", {}) == path
    again = load_cluster(str(path), environ={})
    assert (again.server, again.source, again.through) == (SERVER.rstrip("/"), source, "http://me:secret@p")
    assert again.credentials.headers == {"Authorization": "Bearer two", "Impersonate-User": "x"}
    assert json.loads(path.read_text())["users"][0]["user"]["token"] == "two"
    mine = tmp_path / f"ansible-local-{os.getpid()}abcdefgh"
    mine.mkdir()
    kept = pinned(mine, source, "", {})
    assert kept.exists()
    assert not path.exists(), "what a killed run has left is cleared"


def test_looking_for_leavings_bears_runs_that_come_and_go(tmp_path: Path) -> None:
    """All runs of a user have their folders in one; each may go while another looks into it."""
    mine = tmp_path / f"ansible-local-{os.getpid()}abcdefgh"
    mine.mkdir()
    ended = threading.Event()

    def others() -> None:
        while not ended.is_set():
            folders = [tmp_path / f"ansible-local-99999{number}abcdefgh" for number in range(20)]
            for folder in folders:
                folder.mkdir()
            for folder in folders:
                folder.rmdir()

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(500):
            sweep(mine)
    finally:
        ended.set()
        thread.join()
    assert mine.exists()
