"""What people look at day by day: status, logs, evidence, Compose, and the exam's kit."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from playbook_runner import (
    BASE_IMAGE,
    CACHE,
    DOCKER_CONFIG,
    DOCKER_HOST,
    PROGRAMS,
    REGISTRY,
    ROOT,
    Run,
    build_secrets,
    docker,
    kubectl,
)
from surroundings import Cluster
from unreachable_services import closed_port

from conftest import PASSWORD, Deployed, NewTarget

MANIFESTS = ["my-secret-eval.yml", "my-deployment-eval.yml", "my-service-eval.yml", "my-ingress-eval.yml"]
SCHEMA = json.loads((ROOT / "docs/evidence.schema.json").read_text())


def spellings(secret: str) -> list[str]:
    """As it is, and as base64, HTML and JSON have it."""
    return [secret, base64.b64encode(secret.encode()).decode(), html.escape(secret), json.dumps(secret)[1:-1]]


SPELLINGS = spellings(PASSWORD)
OTHER = "it's/an0ther:p@ss"


def evidence_of(deployed: Deployed) -> Path:
    return Path(str(deployed.target.variables["evidence_dir"])) / deployed.target.name / "latest"


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "evidence.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


def write(deployed: Deployed, **variables: Any) -> Run:
    return deployed.target.playbook("playbooks/evidence.yml", "--tags=evidence", **variables)


def test_a_deployment_leaves_its_evidence(deployed: Deployed) -> None:
    """Not asked for: the run that deployed has written it."""
    evidence = read(evidence_of(deployed))
    assert evidence["verdict"] == "passed"
    assert [image["problem"] for image in evidence["images"]] == ["", ""]
    assert all(image["size"] > 1_000_000 and image["layers"] for image in evidence["images"])
    for image in evidence["images"]:
        bill = (evidence_of(deployed) / f"sbom/{image['container']}.cdx.json").read_text()
        assert image["sbom"]["packages"] > 0 and JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    replicas = {answer["via"] for answer in evidence["answers"]} - {"Ingress"}
    assert replicas == {pod["name"] for pod in evidence["pods"]}
    assert len(replicas) == 2
    assert (evidence_of(deployed) / "07_users.txt").read_text().count("username") == 100


def test_each_command_that_it_shows_makes_the_finding_again(deployed: Deployed, tmp_path: Path) -> None:
    """Pasted as it is: the kubeconfig's path has a blank in it, and one of the answers is a 404."""
    evidence = read(evidence_of(deployed))
    assert evidence["verdict"] == "passed"
    own = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "DOCKER_HOST": DOCKER_HOST, "DOCKER_CONFIG": str(DOCKER_CONFIG)}
    # What kubectl remembers of a cluster on this address may be of another release.
    own |= {"KUBECACHEDIR": str(tmp_path)}
    said = {}
    for check in evidence["checks"]:
        shell = ["bash", "-c", check["command"]]
        done = subprocess.run(shell, cwd=ROOT, env=os.environ | own, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, (check["command"], done.stderr)
        said[check["name"]] = done.stdout.decode()
    pod = evidence["pods"][0]["name"]
    for name, part in (
        ("Rollout of the Deployment", "successfully rolled out"),
        ("GET /users/1", "August"),
        (f"GET /users/2 of {pod}", "Linda"),
        (f"GET /users/999999 of {pod}", "Unknown User ID"),
        ("Image of container api in its registry", evidence["images"][0]["layers"][0]["digest"]),
    ):
        assert part in said[name], (name, said[name])


def test_no_password_is_in_it(deployed: Deployed) -> None:
    files = [path for path in evidence_of(deployed).rglob("*") if path.is_file()]
    assert len(files) > 15
    whole = "\n".join(path.read_text() for path in files)
    space = f"--namespace={deployed.target.namespace}"
    kept = json.loads(kubectl("get", "secret/fastapi-mysql", space, "--output=jsonpath={.data}"))
    secrets = {name: base64.b64decode(value).decode() for name, value in kept.items()}
    assert secrets["MYSQL_PASSWORD"] == PASSWORD != secrets["MYSQL_ROOT_PASSWORD"]
    assert [name for name, secret in secrets.items() for one in spellings(secret) if one in whole] == []
    assert "MYSQL_PASSWORD: (hidden)" in whole


def test_it_is_written_anew_when_asked_for_and_fails_when_it_proves_a_failure(deployed: Deployed) -> None:
    before = evidence_of(deployed).resolve()
    assert write(deployed).succeeded().changed == 0
    assert evidence_of(deployed).resolve() != before
    run = write(deployed, verify_endpoints=[{"path": "/users/1", "json_includes": {"username": "Nobody"}}])
    assert run.rc != 0
    assert len(run.errors) == 1, run.output
    assert "The deployment is not proved. GET /users/1: expected 200 and JSON that includes" in run.output
    evidence = read(evidence_of(deployed))
    assert evidence["verdict"] == "failed"
    assert {one["group"] for one in evidence["checks"] if one["status"] == "failed"} == {"ingress", "replica"}
    write(deployed).succeeded()


def test_status_says_what_runs_and_what_a_run_would_change(deployed: Deployed) -> None:
    space = f"--namespace={deployed.target.namespace}"
    run = deployed.target.make("status").succeeded()
    assert "2 of 2 Pods ready, revision " in run.stdout
    assert "GET /users/999999  404 in " in run.stdout
    assert run.stdout.count("as this checkout") == 2, run.stdout
    assert "Drift     none: a run would change nothing" in run.stdout
    assert "of another state" not in run.stdout
    rendered = (deployed.target.manifests / "my-deployment-eval.yml").stat()
    patch = '--patch={"spec":{"revisionHistoryLimit":%d}}'
    limit = int(kubectl("get", "deployment/fastapi-mysql", space, "--output=jsonpath={.spec.revisionHistoryLimit}"))
    kubectl("patch", "deployment/fastapi-mysql", space, patch % 7)
    try:
        run = deployed.target.playbook("playbooks/status.yml", app_replicas=3, app_db_password=OTHER).succeeded()
    finally:
        kubectl("patch", "deployment/fastapi-mysql", space, patch % limit)
    for line in (
        # Changed by hand, and in the inventory, without a run since.
        f"Deployment fastapi-mysql: spec.revisionHistoryLimit is 7, this checkout has {limit}",
        "Deployment fastapi-mysql: spec.replicas is 2, this checkout has 3",
        "Secret fastapi-mysql: data.MYSQL_PASSWORD differs",
    ):
        assert f"    {line}\n" in run.stdout, run.stdout
    assert "of another state than what runs now: make evidence" in run.stdout
    assert run.changed == 0
    assert not [one for one in [*SPELLINGS, *spellings(OTHER)] if one in run.output]
    assert (deployed.target.manifests / "my-deployment-eval.yml").stat() == rendered


def test_logs_and_where_it_answers(deployed: Deployed) -> None:
    run = deployed.target.make("logs", "-e logs_container=mysql -e logs_tail=500").succeeded()
    lines = [line for line in run.stdout.splitlines() if "/mysql  " in line]
    assert len(lines) > 4
    # To the second, as they are shown.
    assert [line[:19] for line in lines] == sorted(line[:19] for line in lines)
    assert not [one for one in SPELLINGS if one in run.output]
    refused = deployed.target.playbook("playbooks/logs.yml", logs_container="nginx")
    assert "No Pod of fastapi-mysql has a container nginx, but api and mysql (logs_container)." in refused.errors[0]
    run = deployed.target.make("open").succeeded()
    assert f"URL       http://127.0.0.1:8080 (Host: {deployed.target.host})" in run.stdout
    assert "Answers   GET /status  200 in " in run.stdout


@pytest.mark.parametrize(
    ("goal", "told"),
    [
        ("deploy", "The API responds at "),
        ("verify", "The API responds at "),
        ("plan", "Objects: "),
        ("history", "* is what runs now"),
        ("evidence", "Evidence, passed: "),
    ],
)
def test_the_other_commands_of_the_day(deployed: Deployed, goal: str, told: str) -> None:
    """By way of make, as the README writes them; none has anything to change."""
    run = deployed.target.make(goal).succeeded()
    assert told in run.stdout, run.output
    assert run.changed == 0, run.output
    # An inventory without the group `embedded` is nothing to be warned of.
    assert "WARNING" not in run.output


def test_of_what_is_not_deployed_each_command_says_so(new_target: NewTarget) -> None:
    nothing = new_target("nothing")
    assert "nothing is deployed in namespace " in nothing.make("status").succeeded().stdout
    assert "is kept: the first is, when it is deployed" in nothing.make("history").succeeded().stdout
    for goal, told in (
        ("logs", "deploy it first (make deploy)"),
        ("rollback", "no revision that is known to have worked (none is kept)"),
        ("evidence", "Objects in the cluster: Deployment, Service, Ingress fastapi-mysql: not in namespace"),
    ):
        refused = nothing.make(goal)
        assert refused.rc != 0 and told in refused.errors[-1], refused.output
    down = nothing.playbook("playbooks/status.yml", app_kubeconfig="/nowhere/kubeconfig")
    assert down.rc != 0 and len(down.errors) == 1 and "/nowhere/kubeconfig" in down.errors[0]


def test_a_run_that_fails_leaves_evidence_of_it_and_of_what_runs_now(deployed: Deployed) -> None:
    """Nobody asked for it; and the run ends with the words of what has failed."""
    image = str(deployed.target.variables["app_registry"]) + "/it/nobody:1.0.0"
    run = deployed.target.playbook(app_api_image=image, workload_drain_seconds=0)
    assert run.rc != 0
    assert len(run.errors) == 1, run.output
    assert "cannot come up: ImagePullFailed: " in run.errors[0]
    evidence = read(evidence_of(deployed))
    folder = evidence_of(deployed).resolve()
    assert run.errors[0].endswith(f" Evidence: {folder}/index.html")
    assert evidence["verdict"] == "failed"
    told = evidence["failure"]
    assert (told["type"], told["container"]) == ("ImagePullFailed", "api")
    assert told["undone"].startswith("It was rolled back to revision ")
    assert f"Black box: {told['black_box']}." in run.errors[0] and Path(told["black_box"], "summary.md").is_file()
    # The attempt, as it was watched: the new Pod was never ready, the old ones served.
    watched = {pod["current"]: "ready" in pod["moments"] for pod in evidence["rollout"]["pods"]}
    assert watched == {True: False, False: True}
    # What runs now is what ran before, and is well.
    assert [one["name"] for one in evidence["checks"] if one["status"] == "failed"] == ["The run"]
    whole = "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert [one for one in SPELLINGS if one in whole] == []
    assert "Last run  failed: ImagePullFailed: " in deployed.target.make("status").succeeded().stdout
    deployed.target.playbook().succeeded()
    assert read(evidence_of(deployed))["changes"][0] == "Verdict: failed → passed"


def test_compose_proves_the_images_and_leaves_nothing(deployed: Deployed) -> None:
    ports = {"compose_port": closed_port(), "compose_db_port": closed_port()}
    project = f"it-{deployed.target.namespace.split('-')[1]}-compose"
    run = deployed.target.make("compose", compose_project=project, **ports).succeeded()
    assert f"http://127.0.0.1:{ports['compose_port']}/users/1" in run.stdout
    assert not [one for one in SPELLINGS if one in run.output]
    assert docker("ps", "--all", "--quiet", f"--filter=name={project}") == ""
    assert docker("volume", "ls", "--quiet", f"--filter=name={project}") == ""
    assert not (deployed.target.manifests / "compose.env").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        # Both together; and the API's image alone, before the other is started.
        (
            {"verify_endpoints": [{"path": "/users/1", "json_includes": {"username": "Nobody"}}], "verify_timeout": 1},
            "/users/1 should respond with 200 and JSON that includes",
        ),
        (
            {"compose_alone_endpoints": [{"path": "/status", "json": 2}], "compose_alone_timeout": 15},
            "/status should respond with 200 and 2, but gave 200 1",
        ),
    ],
)
def test_compose_tells_a_wrong_answer_and_leaves_nothing(deployed: Deployed, wrong: dict[str, Any], told: str) -> None:
    ports = {"compose_port": closed_port(), "compose_db_port": closed_port()}
    project = f"it-{deployed.target.namespace.split('-')[1]}-wrong"
    run = deployed.target.playbook("playbooks/compose.yml", compose_project=project, **wrong, **ports)
    assert run.rc != 0
    assert told in run.output, run.output
    assert docker("ps", "--all", "--quiet", f"--filter=name={project}") == ""


def test_the_shipped_compose_file_builds_and_comes_up_by_hand(deployed: Deployed, tmp_path: Path) -> None:
    """As its first lines say: a copy of .env.example, filled in, and `docker compose up --build --wait`."""
    filled = {
        "MYSQL_PASSWORD": '"it\'s/a:p@ss\\"w%rd \\$(x) \\\\"',
        # Removed with all others of these tests.
        "API_IMAGE": f"{REGISTRY}/{deployed.target.images}compose-api:built",
        "DB_IMAGE": f"{REGISTRY}/{deployed.target.images}compose-db:built",
        "API_BASE_IMAGE": BASE_IMAGE,
        "DB_BASE_IMAGE": BASE_IMAGE,
        "API_PUBLISHED_PORT": str(closed_port()),
        "DB_PORT": str(closed_port()),
    }
    filled |= {f"BUILD_{one['id'].upper()}": one["src"] for one in build_secrets()}
    example = (ROOT / ".env.example").read_text()
    assert "\nMYSQL_PASSWORD=\n" in example
    (tmp_path / ".env").write_text(example + "".join(f"{name}={value}\n" for name, value in filled.items()))
    (tmp_path / ".env").chmod(0o600)
    project = f"it-{deployed.target.namespace.split('-')[1]}-by-hand"
    command = [str(PROGRAMS / "docker"), "compose", f"--project-name={project}", f"--env-file={tmp_path / '.env'}"]
    command += ["--file=compose.yaml", "--file=compose.host.yaml"]
    environment = os.environ | {"DOCKER_HOST": DOCKER_HOST, "DOCKER_CONFIG": str(CACHE / "docker-cli")}

    def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    try:
        up = compose("up", "--build", "--detach", "--wait")
        assert up.returncode == 0, up.stderr + compose("logs").stdout
        states = [json.loads(line)["Health"] for line in compose("ps", "--format=json").stdout.splitlines()]
        assert states == ["healthy", "healthy"]
        url = f"http://127.0.0.1:{filled['API_PUBLISHED_PORT']}/users/1"
        asked = subprocess.run(["curl", "--silent", url], capture_output=True, text=True, check=True, timeout=10)
        assert json.loads(asked.stdout)["username"] == "August"
    finally:
        down = compose("down", "--volumes", "--timeout=5")
    assert down.returncode == 0, down.stderr


def composed(folder: Path, password: str) -> subprocess.CompletedProcess[str]:
    """What Compose makes of compose.yaml alone, as it is used with an engine that has a network."""
    filled = (ROOT / ".env.example").read_text().replace("\nMYSQL_PASSWORD=\n", f"\nMYSQL_PASSWORD={password}\n")
    (folder / ".env").write_text(filled)
    command = [str(PROGRAMS / "docker"), "compose", f"--env-file={folder / '.env'}", "--file=compose.yaml"]
    environment = os.environ | {"DOCKER_CONFIG": str(CACHE / "docker-cli")}
    command += ["config", "--format=json"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_a_compose_file_without_a_password_is_refused(tmp_path: Path) -> None:
    run = composed(tmp_path, "")
    assert run.returncode != 0
    assert "set it in .env, see .env.example" in run.stderr


def test_the_compose_file_alone_publishes_the_api_when_its_database_is_well(tmp_path: Path) -> None:
    run = composed(tmp_path, "pass")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    api, db = found["services"]["api"], found["services"]["db"]
    [port] = api["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8000", 8000)
    assert "ports" not in db
    assert api["depends_on"]["db"]["condition"] == "service_healthy"
    assert {"test", "interval", "retries"} <= api["healthcheck"].keys() & db["healthcheck"].keys()
    assert api["environment"]["MYSQL_HOST"] == "db"
    assert api["environment"]["MYSQL_PASSWORD"] == db["environment"]["MYSQL_PASSWORD"] == "pass"
    assert (api["build"]["args"], db["build"]["args"]) == (
        {"BASE_IMAGE": "python:3.13-slim"},
        {"BASE_IMAGE": "debian:12-slim"},
    )
    assert {one["source"] for one in api["build"]["secrets"]} == {"ca", "pip_conf"}
    # One network of their own, and nothing of the machine's but that port.
    assert list(api["networks"]) == list(db["networks"]) == ["default"]
    assert all(one["type"] == "volume" for one in db["volumes"]) and "volumes" not in api


@pytest.fixture
def kit(deployed: Deployed, new_target: NewTarget, cluster: Cluster, tmp_path: Path) -> tuple[Any, Path]:
    """A kit for a namespace that is not there, of images that are: no cluster is asked for it."""
    images = cluster.images(deployed.target.namespace, "fastapi-mysql")
    target = new_target(
        "exam", app_name="handed-in", app_replicas=1, app_api_image=images["api"], app_db_image=images["mysql"]
    )
    run = target.make("exam", "-e exam_proof=false", exam_dir=str(tmp_path)).succeeded()
    assert target.namespace not in cluster.namespaces()
    assert not [one for one in SPELLINGS if one in run.output]
    archive = tmp_path / f"{target.name}.zip"
    assert archive.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() == ["README.md", "main.py", *MANIFESTS]
        opened.extractall(tmp_path / "handed in")
    return target, tmp_path / "handed in"


def test_the_kit_alone_brings_it_up(kit: tuple[Any, Path]) -> None:
    """What an examiner does with it, by hand; for any name."""
    target, folder = kit
    readme = (folder / "README.md").read_text()
    assert f"kubectl -n {target.namespace} rollout status deployment/handed-in" in readme
    kubectl("apply", *(f"--filename={folder / name}" for name in MANIFESTS))
    kubectl("rollout", "status", f"--namespace={target.namespace}", "deployment/handed-in", "--timeout=60s")
    target.playbook("verify.yml").succeeded()


def test_a_kit_with_its_proof(deployed: Deployed, tmp_path: Path) -> None:
    variables = {"exam_dir": str(tmp_path)}
    deployed.target.playbook("playbooks/exam.yml", **variables).succeeded()
    with zipfile.ZipFile(tmp_path / f"{deployed.target.name}.zip") as opened:
        names = opened.namelist()
        proof = b"".join(opened.read(name) for name in names if name.startswith("proof/")).decode()
    assert {"main.py", "image/main.py", "image/Dockerfile", "proof/index.html", "proof/junit.xml"} <= set(names)
    assert not [one for one in SPELLINGS if one in proof]
    again = deployed.target.playbook("playbooks/exam.yml", exam_proof=False, **variables).succeeded()
    assert again.changed > 0, "another kit, without the proof"
    assert deployed.target.playbook("playbooks/exam.yml", exam_proof=False, **variables).succeeded().changed == 0
