"""What guards the platform: who may read its files, who may ask its parts, and what may run on it.

These tests change nothing that anybody else uses. They read what only root may read.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import json
import os
import secrets
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import ApiError
from cryptography import x509
from ground import (
    API_PORT,
    CACHE,
    INGRESS_PORT,
    KUBECONFIG,
    NAME,
    REGISTRY,
    REGISTRY_PORT,
    STATE,
    platform_pids,
)

CLIENT = CACHE / "docker-cli"
AUTHORITY = CLIENT / "certs.d" / REGISTRY / "ca.crt"
SPACE = f"it-protection-{secrets.token_hex(3)}"
CANARY = f"canary-{secrets.token_hex(12)}"
Object = dict[str, Any]


@pytest.fixture(scope="module")
def client() -> Iterator[KubeClient]:
    with KubeClient.from_kubeconfig(KUBECONFIG) as found:
        yield found


@pytest.fixture(scope="module")
def space(client: KubeClient) -> Iterator[str]:
    """A namespace of these tests' own, with a Secret and, to see what no encryption looks like, a ConfigMap."""
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": SPACE}})
    encoded = base64.b64encode(CANARY.encode()).decode()
    path = f"/api/v1/namespaces/{SPACE}"
    client.request("POST", f"{path}/secrets", body={"metadata": {"name": "canary"}, "data": {"word": encoded}})
    client.request(
        "POST", f"{path}/configmaps", body={"metadata": {"name": "canary"}, "data": {"word": f"open-{SPACE}"}}
    )
    yield SPACE
    client.request("DELETE", path)


# Files that say who somebody is, or let somebody read what is not for all.
PRIVATE = ("*.key", "*kubeconfig", "password", "htpasswd", "encryption.json", "hosts.toml", "config.json", "curlrc")


def test_secrets_are_their_owners_alone() -> None:
    folders = [STATE / "pki", STATE / "kubernetes", STATE / "registry", CLIENT]
    files = {path for folder in folders for name in PRIVATE for path in folder.rglob(name)} | {Path(KUBECONFIG)}
    assert len(files) >= 20, files
    assert {str(path): oct(path.stat().st_mode) for path in files if path.stat().st_mode & 0o077} == {}


def test_folders_of_secrets_are_closed() -> None:
    names = ("pki", "kubernetes", "etcd", "containerd", "log/audit", "registry/nodes")
    closed = [CLIENT, *(STATE / name for name in names)]
    assert {str(path): oct(path.stat().st_mode) for path in closed if stat.S_IMODE(path.stat().st_mode) != 0o700} == {}


def sockets(tables: Path) -> Iterator[tuple[str, str, int]]:
    """Who listens for TCP or takes UDP in the network of the process whose tables these are: inode, address, port."""
    # TCP_LISTEN, and UDP's only state, in include/net/tcp_states.h.
    for name, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in (tables / name).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == state:
                address, port = fields[1].split(":")
                # The kernel prints each word of it as a number of this machine.
                raw = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
                yield fields[9], str(ipaddress.ip_address(raw)), int(port, 16)


def test_whatever_it_listens_on_in_the_machines_network_is_the_loopback() -> None:
    """Every process of it that is in this network, whichever port."""
    own = set()
    for pid in platform_pids():
        # Processes end meanwhile, and so do the files that they have open.
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"):
                for one in Path(f"/proc/{pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        own.add(os.readlink(one))
    listening = [(address, port) for inode, address, port in sockets(Path("/proc/net")) if f"socket:[{inode}]" in own]
    assert {port for _, port in listening} >= {REGISTRY_PORT, API_PORT, INGRESS_PORT}
    assert [one for one in listening if not ipaddress.ip_address(one[0]).is_loopback] == []


def test_nobody_else_may_change_anything_there() -> None:
    """Not even a file that all may read. What containers have written belongs to them."""
    others = ("containerd", "docker", "kubelet", "shadow")
    found = [path for part in STATE.iterdir() if part.name not in others for path in (part, *part.rglob("*"))]
    assert [str(path) for path in found if not path.is_symlink() and path.stat().st_mode & 0o022] == []


def test_certificates_live_a_year_and_are_never_about_to_end() -> None:
    now, files = datetime.now(UTC), [*(STATE / "pki").rglob("*.crt"), STATE / "registry/registry.crt"]
    assert len(files) >= 10
    for path in files:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        years = 10 if path.name == "ca.crt" else 1
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=365 * years + 3), (
            path
        )
        assert certificate.not_valid_after_utc > now + timedelta(days=29), path


def test_a_secret_is_not_readable_in_etcd(space: str) -> None:
    kept = b"".join(path.read_bytes() for path in (STATE / "etcd/member").rglob("*") if path.is_file())
    assert f"open-{space}".encode() in kept, "this would not find anything"
    assert CANARY.encode() not in kept
    assert base64.b64encode(CANARY.encode()) not in kept


def test_etcd_lets_nobody_in_without_its_own_certificate() -> None:
    program = (
        "import socket, ssl, sys\n"
        "tls = ssl.create_default_context(cafile=sys.argv[1])\n"
        "if len(sys.argv) > 2: tls.load_cert_chain(sys.argv[2] + '.crt', sys.argv[2] + '.key')\n"
        "with tls.wrap_socket(socket.create_connection(('127.0.0.1', 2379), 5), server_hostname='127.0.0.1') as s:\n"
        "    s.sendall(b'GET /version HTTP/1.1\\r\\nHost: etcd\\r\\nConnection: close\\r\\n\\r\\n')\n"
        "    print(s.recv(100))\n"
    )
    pki = STATE / "pki"

    def ask(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["nsenter", f"--net=/run/netns/{NAME}", "python3", "-c", program, str(pki / "etcd/ca.crt")]
        return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)

    assert "200 OK" in ask(pki / "etcd/kube-apiserver").stdout
    assert "200 OK" not in ask().stdout
    # Not even the administrator of Kubernetes.
    assert "200 OK" not in ask(pki / "admin").stdout


def test_who_touched_a_secret_is_written_down_and_not_what_was_in_it(space: str) -> None:
    def entries() -> list[Object]:
        lines = [
            line for path in (STATE / "log/audit").iterdir() for line in path.read_text().splitlines() if space in line
        ]
        return [entry for entry in map(json.loads, lines) if entry.get("objectRef", {}).get("resource") == "secrets"]

    deadline = time.monotonic() + 10
    while not (found := [entry for entry in entries() if entry["verb"] == "create"]):
        assert time.monotonic() < deadline, "not in the audit log"
        time.sleep(0.2)
    [entry] = [entry for entry in found if entry["objectRef"].get("name") == "canary"]
    assert entry["user"]["username"] == "admin" and entry["responseStatus"]["code"] == 201
    assert entry["level"] == "Metadata" and "requestObject" not in entry and "responseObject" not in entry
    logged = b"".join(path.read_bytes() for path in (STATE / "log").rglob("*") if path.is_file())
    assert CANARY.encode() not in logged and base64.b64encode(CANARY.encode()) not in logged


def test_logs_stay_small() -> None:
    assert sum(path.stat().st_size for path in (STATE / "log/audit").iterdir()) < 45 * 2**20


def ask_registry(login: str = "", authority: Path | None = AUTHORITY) -> int:
    """The status of the registry's answer."""
    tls = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection(REGISTRY, timeout=5, context=tls)
    connection.request("GET", "/v2/_catalog", headers={"Authorization": f"Basic {login}"} if login else {})
    return connection.getresponse().status


def test_the_registry_wants_tls_and_a_login() -> None:
    login = json.loads((CLIENT / "config.json").read_text())["auths"][REGISTRY]["auth"]
    assert ask_registry(login) == 200
    assert ask_registry() == 401
    assert ask_registry(base64.b64encode(b"embedded:guessed").decode()) == 401
    with pytest.raises(ssl.SSLCertVerificationError):
        ask_registry(login, authority=None)
    plain = http.client.HTTPConnection(REGISTRY, timeout=5)
    plain.request("GET", "/v2/")
    assert plain.getresponse().status == 400


def test_the_registrys_password_is_in_no_command_line_and_no_log() -> None:
    password = (STATE / "registry/password").read_text()
    encoded = base64.b64encode(f"embedded:{password}".encode())
    for process in [path for path in Path("/proc").iterdir() if path.name.isdigit()]:
        # One that is gone meanwhile, and a kernel's own, have nothing to read.
        with contextlib.suppress(OSError):
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            assert password.encode() not in said and encoded not in said, process
    logged = b"".join(path.read_bytes() for path in (STATE / "log").rglob("*") if path.is_file())
    assert password.encode() not in logged and encoded not in logged


RESTRICTED: Object = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# What the Pod Security Standard `restricted` forbids, a piece at a time.
FORBIDDEN: dict[str, tuple[Object, Object]] = {
    "privileged": ({}, {"privileged": True, "allowPrivilegeEscalation": True}),
    "escalation": ({}, {"allowPrivilegeEscalation": True}),
    "capability": ({}, {"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}),
    "root": ({}, {"runAsUser": 0, "runAsNonRoot": False}),
    "no seccomp": ({}, {"seccompProfile": {"type": "Unconfined"}}),
    "host network": ({"hostNetwork": True}, {}),
    "host processes": ({"hostPID": True}, {}),
    "host folder": ({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}, {}),
    "sysctl": ({"securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}}, {}),
}


def try_pod(client: KubeClient, pod: Object, container: Object) -> None:
    """What a controller in the namespace would get, asked for without doing it."""
    body: Object = {
        "metadata": {"name": "one"},
        "spec": {"containers": [{"name": "c", "image": "i", "securityContext": RESTRICTED | container}]} | pod,
    }
    client.request("POST", f"/api/v1/namespaces/{SPACE}/pods", {"dryRun": "All"}, body)


@pytest.fixture(scope="module")
def controller(client: KubeClient, space: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeClient]:
    """Somebody who may make Pods there and nothing else: what applies to whoever is no administrator."""
    role = {"metadata": {"name": "pods"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": space}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pods"}
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}"
    client.request("POST", f"{rbac}/roles", body=role)
    binding = {"metadata": {"name": "pods"}, "roleRef": reference, "subjects": [subject]}
    client.request("POST", f"{rbac}/rolebindings", body=binding)
    token = token_of(client, space)
    config = json.loads(Path(KUBECONFIG).read_text())
    config["users"][0]["user"] = {"token": token}
    path = tmp_path_factory.mktemp("kube") / "kubeconfig"
    path.touch(0o600)
    path.write_text(json.dumps(config))
    with KubeClient.from_kubeconfig(str(path)) as found:
        yield found


def token_of(client: KubeClient, space: str) -> str:
    """A short-lived token of the namespace's own account, once there is one."""
    path = f"/api/v1/namespaces/{space}/serviceaccounts/default"
    deadline = time.monotonic() + 10
    while client.find(path) is None:
        assert time.monotonic() < deadline, "no ServiceAccount"
        time.sleep(0.1)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    return str(client.request("POST", f"{path}/token", body=body)["status"]["token"])


def test_a_restricted_pod_may_run(controller: KubeClient) -> None:
    try_pod(controller, {}, {})


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_is_not_restricted_may_not(controller: KubeClient, what: str) -> None:
    with pytest.raises(ApiError, match=r"PodSecurity|disallowed by cluster policy"):
        try_pod(controller, *FORBIDDEN[what])


def test_nobody_may_ask_without_saying_who(client: KubeClient) -> None:
    del client
    tls = ssl.create_default_context(cadata=(STATE / "pki/ca.crt").read_text())
    server = json.loads(Path(KUBECONFIG).read_text())["clusters"][0]["cluster"]["server"].removeprefix("https://")
    connection = http.client.HTTPSConnection(server, timeout=5, context=tls)
    connection.request("GET", "/version")
    assert connection.getresponse().status == 401


def test_an_account_may_do_nothing_by_itself(controller: KubeClient, space: str) -> None:
    with pytest.raises(ApiError, match="cannot list resource"):
        controller.get(f"/api/v1/namespaces/{space}/secrets")
