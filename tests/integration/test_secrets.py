"""A password leaves no trace, is changed without a failed request, and opens no more than it has to."""

from __future__ import annotations

import base64
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
from releases import Load, proof
from stories import CACHE, CONTEXT, KUBECONFIG, PROGRAMS, REGISTRY, ROOT, Run, Target, build_secrets
from surroundings import Cluster
from traces import Traces, Watcher

from conftest import Deployed, NewTarget
from containers import pods, until

PLATFORM = Path("/var/lib/fastapi-mysql-k8s")
NOBODY = f"{REGISTRY}/it/nobody@sha256:{'0' * 64}"
NAME = "fastapi-mysql"


@dataclass
class Story:
    """What was done with one target, and what was seen of it."""

    target: Target
    cluster: Cluster
    given: str
    source: Path
    began: float
    runs: dict[str, Run] = field(default_factory=dict)
    secrets: list[dict[str, str]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    users: dict[str, Any] = field(default_factory=dict)
    proofs: dict[str, dict[str, Any]] = field(default_factory=dict)
    watcher: Watcher = field(default_factory=Watcher)

    def run(self, name: str, playbook: str = "site.yml", *options: str, **variables: Any) -> Run:
        done = self.runs[name] = self.target.playbook(playbook, "-vvvv", *options, **variables)
        self.secrets.append(self.secret())
        found = self.cluster.deployment(self.target.namespace, NAME)
        assert found is not None, done.output
        self.deployments.append(found)
        self.proofs[name] = proof(self.cluster, self.target)
        return done

    def secret(self) -> dict[str, str]:
        found = self.cluster.client.get(f"/api/v1/namespaces/{self.target.namespace}/secrets/{NAME}")
        return {name: base64.b64decode(value).decode() for name, value in found["data"].items()}

    def sql(self, user: str, password: str, statement: str) -> subprocess.CompletedProcess[str]:
        """Say it to one Pod's database; the password goes by standard input."""
        pod = pods(self.cluster, self.target.namespace)[0]["metadata"]["name"]
        shell = (
            "IFS= read -r MYSQL_PWD; export MYSQL_PWD; "
            'exec mysql --protocol=tcp --host=127.0.0.1 --user="$1" --database=Main --execute="$2"'
        )
        command = [str(PROGRAMS / "kubectl"), f"--kubeconfig={KUBECONFIG}", f"--context={CONTEXT}"]
        command += ["-n", self.target.namespace, "exec", "-i", pod, "-c", "mysql", "--"]
        command += ["sh", "-c", shell, "sh", user, statement]
        return subprocess.run(command, input=f"{password}\n", capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def story(
    new_target: NewTarget, deployed: Deployed, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Deployed with a password of a file, run again without, planned, failed, rotated, written down."""
    folder = tmp_path_factory.mktemp("source")
    source, other = folder / "password", folder / "other"
    given = f"Canary{secrets.token_hex(12)}"
    for path, value in ((source, given), (other, f"Other{secrets.token_hex(12)}")):
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
    made = Story(target, cluster, given, source, time.time())
    from_file = "{{ lookup('ansible.builtin.file', '%s') }}"
    with made.watcher:
        made.run("given", app_db_password=from_file % source)
        made.run("kept")
        made.run("planned", "site.yml", "--check", "--diff", app_db_password=from_file % other)
        made.run("failed", "playbooks/deploy.yml", "--diff", app_db_password=from_file % other, app_api_image=NOBODY)
        load = Load(target, "/users/1=August", "/users=Linda", rate=10)
        try:
            made.run("rotated", "playbooks/rotate.yml", "--diff")
        finally:
            made.users = load.end()
        made.run("kept again")
        made.run("evidence", "playbooks/evidence.yml", "--tags=evidence")
        made.run("status", "playbooks/status.yml")
        made.run("logs", "playbooks/logs.yml")
    yield made
    target.playbook("playbooks/teardown.yml").succeeded()


def test_each_run_ended_as_it_should(story: Story) -> None:
    for name, run in story.runs.items():
        assert (run.rc != 0) == (name == "failed"), f"{name}: {run.output[-3000:]}"
    assert "It was rolled back to revision" in story.runs["failed"].output
    assert story.runs["planned"].changed > 0


def test_what_is_kept_is_never_rotated_by_accident(story: Story) -> None:
    given, kept, planned, failed, rotated, *after = story.secrets
    assert given["MYSQL_PASSWORD"] == story.given
    assert kept == planned == failed == given
    assert not set(rotated.values()) & {given["MYSQL_PASSWORD"], given["MYSQL_ROOT_PASSWORD"]}
    assert all(one == rotated for one in after)
    assert (story.runs["kept"].changed, story.runs["kept again"].changed) == (0, 0)


def test_rotation_fails_no_request_and_rolls_once(story: Story) -> None:
    assert story.users["requests"] > 100, story.users
    assert story.users["failed"] == 0, story.users
    before, after = story.deployments[3], story.deployments[4]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    marks = [one["spec"]["template"]["metadata"]["annotations"] for one in (before, after)]
    assert [set(one) for one in marks] == [{"fastapi-mysql-k8s/credentials-checksum"}] * 2
    assert marks[0] != marks[1]
    # The revisions before would bring the old password back.
    kept = story.cluster.client.get(
        f"/api/v1/namespaces/{story.target.namespace}/secrets", labelSelector="app.kubernetes.io/component=revision"
    )
    assert len(kept["items"]) == 1


def test_what_was_rotated_is_proved_at_once(story: Story) -> None:
    proved = story.proofs["rotated"]
    assert (proved["verdict"], proved["meta"]["playbooks"]) == ("passed", ["playbooks/rotate.yml"])
    assert story.proofs["failed"]["verdict"] == "failed"
    # The next run that has nothing to do finds it true.
    assert story.proofs["kept again"] == proved


def test_the_old_passwords_are_refused(story: Story) -> None:
    old, new = story.secrets[3], story.secrets[4]
    for user, name in (("api", "MYSQL_PASSWORD"), ("root", "MYSQL_ROOT_PASSWORD")):
        refused = story.sql(user, old[name], "SELECT 1")
        assert refused.returncode != 0 and "Access denied" in refused.stderr, refused
        assert story.sql(user, new[name], "SELECT 1").returncode == 0


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
    pod = pods(story.cluster, story.target.namespace)[0]["metadata"]["name"]
    path = f"/api/v1/namespaces/{story.target.namespace}/pods/{pod}"
    assert story.cluster.client.ask(f"{path}:8000/proxy/status").status == 200
    refused = story.cluster.client.ask(f"{path}:3306/proxy/")
    assert refused.status >= 500 and b"connection refused" in refused.body, refused


@pytest.fixture
def traces(story: Story) -> Traces:
    """All that was secret at any time but the key of the checksum, which opens nothing; and what was never used."""
    values = {value for one in story.secrets for name, value in one.items() if name != "CHECKSUM_KEY"}
    return Traces(*values, (story.source.parent / "other").read_text(encoding="utf-8"))


def test_no_output_holds_it(story: Story, traces: Traces) -> None:
    for name, run in story.runs.items():
        traces.text(f"output of {name}", run.output)
    assert traces.hits == []


def test_no_process_was_handed_it(story: Story, traces: Traces) -> None:
    assert story.watcher.rounds > 50
    assert len(story.watcher.seen) > 100
    story.watcher.tell(traces)
    assert traces.hits == []


def test_no_file_holds_it(story: Story, traces: Traces) -> None:
    rendered = story.target.manifests / "my-secret-eval.yml"
    assert rendered.stat().st_mode & 0o777 == 0o600
    sources = [story.source, story.source.parent / "other"]
    seen = traces.folder(story.target.folder, [rendered, *sources])
    assert seen > 20
    box = ROOT / "blackbox" / story.target.name
    assert traces.folder(box) > 3
    for folder in (Path(tempfile.gettempdir()), Path.home() / ".ansible", ROOT, CACHE, PLATFORM / "log"):
        traces.folder(folder, [rendered, *sources], story.began)
    assert traces.hits == []


def test_no_image_holds_it(story: Story, traces: Traces) -> None:
    for name in ("app_api_image_name", "app_db_image_name"):
        traces.image(str(story.target.variables[name]), "1.0.0")
    assert traces.hits == []


def test_etcd_holds_it_only_encrypted(story: Story, traces: Traces) -> None:
    """Its raw files; what is written there in clear when the platform does not encrypt is no news."""
    servers = [command for _, command in story.watcher.seen if b"kube-apiserver" in command]
    if not any(b"--encryption-provider-config" in command for command in servers):
        pytest.skip("the platform's API server does not encrypt")
    assert traces.folder(PLATFORM / "etcd") > 0
    assert traces.hits == []


def test_what_looks_would_find_it(story: Story, traces: Traces) -> None:
    """In the one file that holds it, in base64; in clear, across two pieces; in a process's arguments."""
    control = Traces()
    control.texts = traces.texts
    control.file(story.target.manifests / "my-secret-eval.yml")
    control.look("pieces", [f"...{story.given[:9]}".encode(), story.given[9:].encode()])
    with subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "X": story.given}) as process:
        with Watcher() as watcher:
            until(lambda: watcher.rounds > 2, 30, "two rounds")
        process.terminate()
    watcher.tell(control)
    assert [hit.partition(" of ")[0].rpartition("/")[2] for hit in control.hits] == [
        "my-secret-eval.yml",
        "pieces",
        "environment",
    ]
