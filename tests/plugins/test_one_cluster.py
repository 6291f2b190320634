"""Whatever the environment says: what reads and what writes talk to the same cluster, as the same user."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fake_api_server import Reply, serving

ROOT = Path(__file__).resolve().parents[2]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}", the_file: "", the_context: ""}
  tasks:
    - fastapi_mysql.k8s.owned_objects:
        {namespace: reads, name: t, kubeconfig: "{{ the_file }}", context: "{{ the_context }}"}
      ignore_errors: true
    - ansible.builtin.command: "{{ meanwhile | default('true') }}"
    - module_defaults:
        group/kubernetes.core.k8s: "{{ lookup('fastapi_mysql.k8s.cluster', the_file, the_context) }}"
      block:
        - kubernetes.core.k8s:
            {kind: ConfigMap, api_version: v1, name: c, namespace: writes, state: absent,
            delete_options: {preconditions: {uid: looked-at}}}
        - ansible.builtin.include_tasks: more.yml
"""
# As in the roles: what is included has the defaults of the block that it is in.
MORE = """
- kubernetes.core.k8s: {kind: ConfigMap, api_version: v1, name: c, namespace: included, state: absent}
"""


class Server:
    """An API server that notes what it was asked, and as whom."""

    def __init__(self, stack: ExitStack, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = stack.enter_context(serving(self.route, self.headers, tls))

    def route(self, method: str, path: str, body: dict[str, Any]) -> Reply:
        self.asked.append((method, path))
        if method == "DELETE":
            self.bodies.append(body)
        if path.startswith("/version"):
            return 200, {"major": "1", "minor": "30", "gitVersion": "v1.30.0"}
        if path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return 200, {"kind": "APIGroupList", "groups": []}
        if path == "/api/v1":
            verbs = ["get", "list", "create", "delete", "patch"]
            item = {"name": "configmaps", "singularName": "", "namespaced": True, "kind": "ConfigMap", "verbs": verbs}
            return 200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [item]}
        if "/configmaps/c" in path:
            found = {"name": "c", "namespace": "writes", "uid": "looked-at"}
            return 200, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": found}
        return 200, {"kind": "List", "apiVersion": "v1", "items": []}


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        yield Server(stack), Server(stack)


def kubeconfig(path: Path, servers: dict[str, str], current: str, **user: Any) -> str:
    """A kubeconfig with a context for each server."""
    path.write_text(
        json.dumps(
            {
                "current-context": current,
                "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in servers],
                "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
                "users": [{"name": "me", "user": user or {"token": "mine"}}],
            }
        )
    )
    return str(path)


def play(folder: Path, environ: dict[str, str], **variables: str) -> None:
    """Run a play that reads by the one client and writes by the other."""
    (folder / "play.yml").write_text(PLAY)
    (folder / "more.yml").write_text(MORE)
    (folder / "ansible.cfg").write_text("[defaults]\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_", "KUBE"))}
    mine = {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections",
        "HOME": str(folder),
    }
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "play.yml", "-e", json.dumps(variables)],
        cwd=folder,
        env=clean | mine | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    left = [path for path in (folder / ".ansible/tmp").rglob("*") if "cluster" in path.name]
    assert not left, "the kubeconfig of the run is gone with it"


def assert_alone(right: Server, wrong: Server) -> None:
    """All was asked of one server: what reads, what deletes, and that by uid."""
    assert not wrong.asked
    assert any("/namespaces/reads/" in path for _, path in right.asked)
    assert any(method == "DELETE" and "/namespaces/writes/" in path for method, path in right.asked)
    assert any(method == "DELETE" and "/namespaces/included/" in path for method, path in right.asked)
    assert right.bodies[0]["preconditions"]["uid"] == "looked-at"
    assert {headers.get("Authorization", headers.get("authorization")) for headers in right.headers} == {"Bearer mine"}


def test_the_first_of_a_list_of_kubeconfigs(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    dev, prod = servers
    files = [
        kubeconfig(tmp_path / "dev", {"dev": dev.url}, "dev"),
        kubeconfig(tmp_path / "prod", {"prod": prod.url}, "prod"),
    ]
    play(tmp_path, {"KUBECONFIG": os.pathsep.join(["", files[0], "", files[1]])})
    assert_alone(dev, prod)


def test_no_variable_of_kubernetes_core_counts(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    dev, prod = servers
    path = kubeconfig(tmp_path / "both", {"dev": dev.url, "prod": prod.url}, "dev")
    others = {"HOST": prod.url, "API_KEY": "theirs", "CONTEXT": "prod", "KUBECONFIG": "/none", "IMPERSONATE_USER": "x"}
    others |= {"PROXY": prod.url, "VERIFY_SSL": "no", "USERNAME": "u", "PASSWORD": "p", "IMPERSONATE_GROUPS": "a,b"}
    others |= {"SSL_CA_CERT": "/none", "CERT_FILE": "/none", "KEY_FILE": "/none", "PROXY_HEADERS_BASIC_AUTH": "a:b"}
    environ = {f"K8S_AUTH_{name}": value for name, value in others.items()}
    play(tmp_path, environ | {"HTTP_PROXY": prod.url, "HTTPS_PROXY": prod.url}, the_file=path)
    assert_alone(dev, prod)
    assert not any("impersonate" in name.lower() for headers in dev.headers for name in headers)


def test_the_cluster_that_the_run_is_in_does_not_count(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    dev, prod = servers
    path = kubeconfig(tmp_path / "config", {"dev": dev.url}, "dev")
    host, port = prod.url.removeprefix("http://").split(":")
    inside = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    play(tmp_path, {"KUBECONFIG": path} | inside)
    assert_alone(dev, prod)


def test_a_current_context_that_changes_meanwhile(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    dev, prod = servers
    both = {"dev": dev.url, "prod": prod.url}
    path = kubeconfig(tmp_path / "config", both, "dev")
    changed = kubeconfig(tmp_path / "changed", both, "prod")
    play(tmp_path, {}, the_file=path, meanwhile=f"cp {changed} {path}")
    assert_alone(dev, prod)


def test_both_are_the_user_that_is_impersonated(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    dev, prod = servers
    user = {"token": "mine", "as": "deployer", "as-groups": ["team", "others"]}
    path = kubeconfig(tmp_path / "config", {"dev": dev.url}, "dev", **user)
    play(tmp_path, {}, the_file=path)
    assert_alone(dev, prod)
    said = [{name.lower(): value for name, value in headers.items()} for headers in dev.headers]
    assert {one["impersonate-user"] for one in said} == {"deployer"}
    assert {one["impersonate-group"] for one in said} == {"team, others"}


def certificate(name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A certificate as those of EKS: no key identifiers, neither in the authority's nor in the server's."""
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, "authority"))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), now - day, now + day)
    made = made.add_extension(x509.BasicConstraints(name == "authority", None), critical=True)
    if name == "authority":
        usage = x509.KeyUsage(True, False, True, False, False, True, False, False, False)
        return made.add_extension(usage, critical=True).sign(signer, hashes.SHA256())
    return made.add_extension(address, critical=False).sign(signer, hashes.SHA256())


# On Python 3.13 and later it is refused by default.
def test_an_authority_without_key_identifiers(tmp_path: Path) -> None:
    ours, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority, leaf = certificate("authority", ours, ours), certificate("server", theirs, ours)
    secret = theirs.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + secret)
    (tmp_path / "ca.pem").write_bytes(b"# M\xfcller\n" + authority.public_bytes(Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    with ExitStack() as stack:
        server, nobody = Server(stack, tls), Server(stack)
        path = Path(kubeconfig(tmp_path / "config", {"dev": server.url}, "dev"))
        document = json.loads(path.read_text())
        document["clusters"][0]["cluster"]["certificate-authority"] = "ca.pem"
        path.write_text(json.dumps(document))
        play(tmp_path, {}, the_file=str(path))
        assert_alone(server, nobody)


@pytest.mark.parametrize("path", sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]), ids=str)
def test_each_task_looks_the_cluster_up_itself(path: Path) -> None:
    """What an include applies is looked up once, in another process than that of the task."""

    def applied(node: Any) -> list[Any]:
        if isinstance(node, list):
            return [found for item in node for found in applied(item)]
        if not isinstance(node, dict):
            return []
        here = [node["apply"]] if isinstance(node.get("apply"), dict) else []
        return here + [found for item in node.values() for found in applied(item)]

    assert not [one for one in applied(yaml.safe_load(path.read_text())) if "module_defaults" in one]
