"""A password leaves no trace, is changed without a failed request, and opens no more than it has to."""

from __future__ import annotations

import base64
import gzip
import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.revision_store import Store
from playbook_runner import CACHE, CONTEXT, KUBECONFIG, PROGRAMS, REGISTRY, ROOT, Run, Target, build_secrets
from releases import Load, proof
from secret_scan import SecretScan, Watcher
from surroundings import Cluster

from conftest import Deployed, NewTarget
from containers import pods, until

PLATFORM = Path("/var/lib/fastapi-mysql-k8s")
ENGINE = PLATFORM / "docker/data"
STORE = CACHE / "registry/docker/registry/v2"
NOBODY = f"{REGISTRY}/it/nobody@sha256:{'0' * 64}"
NAME = "fastapi-mysql"


@dataclass
class Story:
    """What was done with one target, and what was seen of it."""

    target: Target
    cluster: Cluster
    given: str
    other: Path
    began: float
    runs: dict[str, Run] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, Any] = field(default_factory=dict)
    proofs: dict[str, dict[str, Any]] = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Watcher)
    # A blob's name is the hash of what it holds: these were there before there was anything to be found.
    blobs: set[Path] = field(default_factory=lambda: set((STORE / "blobs").rglob("data")))

    def run(self, name: str, playbook: str = "site.yml", *options: str, **variables: Any) -> Run:
        done = self.runs[name] = self.target.playbook(playbook, "-vvvv", *options, **variables)
        self.secrets[name] = self.secret()
        found = self.cluster.deployment(self.target.namespace, NAME)
        assert found is not None, done.output
        self.deployments[name] = found
        self.proofs[name] = proof(self.cluster, self.target)
        return done

    def secret(self) -> dict[str, str]:
        found = self.cluster.client.get(f"/api/v1/namespaces/{self.target.namespace}/secrets/{NAME}")
        return {name: base64.b64decode(value).decode() for name, value in found["data"].items()}

    def pods(self) -> list[str]:
        return [one["metadata"]["name"] for one in pods(self.cluster, self.target.namespace)]

    def sql(self, user: str, password: str, statement: str, pod: str = "") -> subprocess.CompletedProcess[str]:
        """Say it to a Pod's database; the password goes by standard input."""
        shell = (
            "IFS= read -r MYSQL_PWD; export MYSQL_PWD; "
            'exec mysql --protocol=tcp --host=127.0.0.1 --user="$1" --database=Main --execute="$2"'
        )
        command = [str(PROGRAMS / "kubectl"), f"--kubeconfig={KUBECONFIG}", f"--context={CONTEXT}"]
        command += ["-n", self.target.namespace, "exec", "-i", pod or self.pods()[0], "-c", "mysql", "--"]
        command += ["sh", "-c", shell, "sh", user, statement]
        return subprocess.run(command, input=f"{password}\n", capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def story(
    new_target: NewTarget, deployed: Deployed, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Deployed without a password, run again, planned, failed twice, rotated, changed and gone back, looked at.

    The environment of every run holds the password that only the rotation reads there.
    """
    folder = tmp_path_factory.mktemp("source")
    other, word, vault = folder / "other", folder / "word", folder / "vault.yml"
    given = f"Canary{secrets.token_hex(12)}"
    for path, value in ((other, f"Other{secrets.token_hex(12)}"), (word, secrets.token_hex(8))):
        path.touch(0o600)
        path.write_text(value, encoding="utf-8")
    target = new_target(
        "secrets",
        app_api_build_context=str(deployed.api),
        app_build_secrets=build_secrets(),
        app_db_password="",
        # The Ingress takes up to two seconds to forget a Pod.
        workload_drain_seconds=4,
    )
    target.environment["APP_DB_PASSWORD"] = given
    made = Story(target, cluster, given, other, time.time())
    file = "{{ lookup('ansible.builtin.file', '%s') }}"
    from_file = {"app_db_password": file % other}
    with made.watcher:
        made.run("made")
        made.run("kept")
        made.run("planned", "site.yml", "--check", "--diff", **from_file)
        # The task that fails is the one that has the Secret in its hands.
        made.run("unwritable", app_manifests_dir=str(other / "manifests"), **from_file)
        made.run("failed", "playbooks/deploy.yml", "--diff", app_api_image=NOBODY, **from_file)
        load = Load(target, "/users/1=August", "/users=Linda", rate=10)
        try:
            from_environment = "{{ lookup('ansible.builtin.env', 'APP_DB_PASSWORD') }}"
            made.run("rotated", "playbooks/rotate.yml", "--diff", app_db_password=from_environment)
        finally:
            made.users = load.end()
        # What it has, given by Vault.
        encrypt(given, vault, word)
        made.run("kept again", "site.yml", f"--vault-password-file={word}", f"--extra-vars=@{vault}")
        # No Pod is rolled for it.
        made.run("changed", workload_ingress_annotations={"example.com/is": "another"})
        made.run("gone back", "playbooks/rollback.yml")
        made.run("status", "playbooks/status.yml")
        made.run("logs", "playbooks/logs.yml")
    yield made
    target.playbook("playbooks/teardown.yml").succeeded()


def encrypt(value: str, into: Path, word: Path) -> None:
    """With the value by standard input."""
    command = [str(ROOT / ".venv/bin/ansible-vault"), "encrypt_string", "--stdin-name=app_db_password"]
    command += [f"--vault-password-file={word}", f"--output={into}"]
    subprocess.run(command, cwd=ROOT, input=value, capture_output=True, text=True, check=True, timeout=60)
    assert "!vault" in into.read_text(encoding="utf-8")


def test_each_run_ended_as_it_should(story: Story) -> None:
    for name, run in story.runs.items():
        assert (run.rc != 0) == (name in ("unwritable", "failed")), f"{name}: {run.output[-3000:]}"
    assert "The manifests cannot be written to " in story.runs["unwritable"].errors[-1]
    assert "It was rolled back to revision" in story.runs["failed"].output
    assert min(story.runs[name].changed for name in ("planned", "changed", "gone back")) > 0


def test_what_is_kept_is_never_rotated_by_accident(story: Story) -> None:
    made, rotated = story.secrets["made"], story.secrets["rotated"]
    assert len(set(made.values())) == 3 and {len(value) for value in made.values()} == {32}
    assert not set(rotated.values()) & {made["MYSQL_PASSWORD"], made["MYSQL_ROOT_PASSWORD"]}
    began, *names = story.secrets
    turned = names.index("rotated")
    assert began == "made" and {name: story.secrets[name] == made for name in names[:turned]} == dict.fromkeys(
        names[:turned], True
    )
    assert {name: story.secrets[name] == rotated for name in names[turned:]} == dict.fromkeys(names[turned:], True)
    assert (story.runs["kept"].changed, story.runs["kept again"].changed) == (0, 0)


def test_each_source_gives_the_password_itself(story: Story) -> None:
    """The environment; and Vault, whose value is no change to it. A file's value is one."""
    assert story.secrets["rotated"]["MYSQL_PASSWORD"] == story.given
    assert story.runs["kept again"].changed == 0, story.runs["kept again"].output[-3000:]
    assert "Secret fastapi-mysql" in story.runs["planned"].output


def test_rotation_fails_no_request_and_rolls_once(story: Story) -> None:
    assert story.users["requests"] > 100, story.users
    assert story.users["failed"] == 0, story.users
    before, after = story.deployments["failed"], story.deployments["rotated"]
    assert rolled(after) == rolled(before) + 1
    marks = [one["spec"]["template"]["metadata"]["annotations"] for one in (before, after)]
    assert [set(one) for one in marks] == [{"fastapi-mysql-k8s/credentials-checksum"}] * 2
    assert marks[0] != marks[1]
    # Nothing that came after it has rolled them again.
    assert story.deployments["logs"]["spec"]["template"] == after["spec"]["template"]


def rolled(deployment: dict[str, Any]) -> int:
    """How many versions of its Pods it has had. Its generation counts the hold on its first new Pod as well."""
    return int(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def test_nothing_can_bring_the_old_password_back(story: Story) -> None:
    """The revisions before the rotation are gone; those that are kept since hold the new one."""
    store = Store(story.cluster.client, story.target.namespace, NAME)
    old = SecretScan(story.secrets["made"]["MYSQL_PASSWORD"], story.secrets["made"]["MYSQL_ROOT_PASSWORD"])
    new = SecretScan(story.given)
    kept = store.kept()
    for one in kept:
        old.text(f"revision {one.number}", json.dumps(one.objects))
        new.text(f"revision {one.number}", json.dumps(one.objects))
    assert old.hits == []
    assert len(new.hits) == len(kept) > 0


def test_no_object_keeps_a_copy_of_what_was_applied(story: Story) -> None:
    space = f"namespaces/{story.target.namespace}"
    for path in (f"/api/v1/{space}/secrets", f"/apis/apps/v1/{space}/deployments", f"/api/v1/{space}/services"):
        found = story.cluster.client.get(path)["items"]
        assert [one["metadata"]["name"] for one in found].count(NAME) == 1
        for one in found:
            annotations = one["metadata"].get("annotations") or {}
            assert "kubectl.kubernetes.io/last-applied-configuration" not in annotations, one["metadata"]["name"]


def test_what_was_rotated_is_proved_at_once(story: Story) -> None:
    proved = story.proofs["rotated"]
    assert (proved["verdict"], proved["meta"]["playbooks"]) == ("passed", ["playbooks/rotate.yml"])
    assert story.proofs["failed"]["verdict"] == "failed"
    # The next run that has nothing to do finds it true.
    assert story.proofs["kept again"] == proved


def test_the_old_passwords_are_refused(story: Story) -> None:
    """By every Pod."""
    old, new = story.secrets["failed"], story.secrets["rotated"]
    assert len(story.pods()) == 2
    for pod in story.pods():
        for user, name in (("api", "MYSQL_PASSWORD"), ("root", "MYSQL_ROOT_PASSWORD")):
            refused = story.sql(user, old[name], "SELECT 1", pod)
            assert refused.returncode != 0 and "Access denied" in refused.stderr, refused
            assert story.sql(user, new[name], "SELECT 1", pod).returncode == 0


def test_the_account_of_the_api_reads_and_does_nothing_else(story: Story) -> None:
    password = story.secret()["MYSQL_PASSWORD"]
    assert "August" in story.sql("api", password, "SELECT username FROM Users WHERE id = 1").stdout
    for statement in (
        "INSERT INTO Users (username, email) VALUES ('x', 'x')",
        "UPDATE Users SET username = 'x'",
        "DELETE FROM Users",
        "DROP TABLE Users",
        "CREATE TABLE Others (id INT)",
        "SELECT * FROM mysql.global_priv",
        "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/x'",
        "SET GLOBAL max_connections = 1",
        "CREATE USER somebody",
    ):
        refused = story.sql("api", password, statement)
        assert refused.returncode != 0 and "denied" in refused.stderr, (statement, refused)
    assert "Access denied" in story.sql("root", password, "SELECT 1").stderr


def test_mysql_answers_nobody_but_its_pod(story: Story) -> None:
    path = f"/api/v1/namespaces/{story.target.namespace}/pods/{story.pods()[0]}"
    assert story.cluster.client.ask(f"{path}:8000/proxy/status").status == 200
    refused = story.cluster.client.ask(f"{path}:3306/proxy/")
    assert refused.status >= 500 and b"connection refused" in refused.body, refused


@pytest.fixture
def scan(story: Story) -> SecretScan:
    """All that was secret at any time, the checksum's key as well; and what was planned, and tried in vain."""
    values = {value for one in story.secrets.values() for value in one.values()}
    return SecretScan(*values, story.other.read_text(encoding="utf-8"))


def test_no_output_holds_it(story: Story, scan: SecretScan) -> None:
    for name, run in story.runs.items():
        scan.text(f"output of {name}", run.output)
    assert scan.hits == []


def test_no_process_was_handed_it(story: Story, scan: SecretScan) -> None:
    """But Ansible itself, and what it forks: that was started with it."""
    assert story.watcher.rounds > 50
    assert len(story.watcher.seen) > 100
    story.watcher.tell(scan)
    own = [hit for hit in scan.hits if hit.startswith("environment of ") and "/bin/ansible-playbook " in hit]
    assert len(own) >= len(story.runs)
    assert [hit for hit in scan.hits if hit not in own] == []


def test_no_file_holds_it(story: Story, scan: SecretScan) -> None:
    rendered = story.target.manifests / "my-secret-eval.yml"
    assert rendered.stat().st_mode & 0o777 == 0o600
    seen = scan.folder(story.target.folder, [rendered])
    assert seen > 20
    assert list(story.target.folder.rglob("evidence.json"))
    box = ROOT / "blackbox" / story.target.name
    assert scan.folder(box) > 3
    for folder in (Path(tempfile.gettempdir()), Path.home() / ".ansible", ROOT, CACHE, PLATFORM / "log"):
        scan.folder(folder, {rendered, story.other} | story.blobs, story.began)
    assert scan.hits == []


def test_no_image_holds_it(story: Story, scan: SecretScan) -> None:
    """As the registry gives them out: all tags, with what is attached to them."""
    for name in ("app_api_image_name", "app_db_image_name"):
        types = scan.image(str(story.target.variables[name]))
        assert {"application/vnd.oci.image.index.v1+json", "application/vnd.cyclonedx+json"} <= types
        assert [one for one in types if one.endswith("gzip")]
    assert scan.hits == []


def test_no_storage_holds_it(story: Story, scan: SecretScan) -> None:
    """Of the registry, also what no tag names any more; of the engine, what it has of builds and images."""
    assert scan.folder(STORE, story.blobs) > 100
    for name in ("buildkit", "image", "containerd", "containers", "network", "tmp"):
        scan.folder(ENGINE / name)
    scan.folder(ENGINE / "overlay2", since=story.began)
    assert scan.hits == []


def test_etcd_holds_it_only_encrypted(story: Story, scan: SecretScan) -> None:
    """Its raw files, in which the name of the namespace can be read."""
    servers = [command for _, command in story.watcher.seen if b"kube-apiserver\0" in command]
    assert servers and all(b"--encryption-provider-config" in command for command in servers)
    readable = SecretScan(story.target.namespace)
    for look in (readable, scan):
        look.folder(PLATFORM / "etcd")
    assert readable.hits
    assert scan.hits == []


def test_what_looks_would_find_it(story: Story, scan: SecretScan, tmp_path: Path) -> None:
    """In the one file that holds it, in base64; in clear, across two pieces; compressed; in an environment."""
    control = SecretScan()
    control.texts = scan.texts
    control.file(story.target.manifests / "my-secret-eval.yml")
    control.look("pieces", [f"...{story.given[:9]}".encode(), story.given[9:].encode()])
    (tmp_path / "packed").write_bytes(gzip.compress(f"...{story.given}".encode()))
    control.folder(tmp_path)
    with subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "X": story.given}) as process:
        with Watcher() as watcher:
            until(lambda: watcher.rounds > 2, 30, "two rounds")
        process.terminate()
    watcher.tell(control)
    assert [hit.partition(" of ")[0].rpartition("/")[2] for hit in control.hits] == [
        "my-secret-eval.yml",
        "pieces",
        "packed, unpacked",
        "environment",
    ]
