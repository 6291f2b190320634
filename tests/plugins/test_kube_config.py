"""Reading kubeconfig files."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_config import (
    load_cluster,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.kube_errors import (
    KubeconfigError,
)

from fake_api_server import write_kubeconfig

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
