"""What `make new` writes into a repository of a user's own: real runs of its playbook."""

from __future__ import annotations

import configparser
import os
import pty
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.build_context import open_context
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.new.place import folders

from nobody import as_nobody

ROOT = Path(__file__).resolve().parents[2]
FASTAPI = 'from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get("/healthz")\ndef health(): ...\n'
PLAYBOOK = ["ansible-playbook", str(ROOT / "playbooks/new.yml")]
WRITTEN = [
    *(".dockerignore", ".gitignore", "Dockerfile", "ansible.cfg"),
    *(
        "inventory/prod/group_vars/all.yml",
        "inventory/prod/hosts.yml",
        "main.py",
        "requirements.txt",
        "requirements.yml",
    ),
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "main.py").write_text(FASTAPI)
    (folder / "requirements.txt").write_text("fastapi==0.121.0\n")
    return folder


def arguments(folder: Path, given: Mapping[str, object]) -> list[str]:
    values = {"new_folder": folder, "new_name": "shop"} | dict(given)
    return [*PLAYBOOK, *(part for name, value in values.items() for part in ("-e", f"{name}={value}"))]


def new(folder: Path, *options: str, **given: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*arguments(folder, given), *options],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def variables(folder: Path, inventory: str = "prod") -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((folder / f"inventory/{inventory}/group_vars/all.yml").read_text())
    return found


def test_everything_is_there_after_one_run_and_a_second_changes_nothing(shop: Path) -> None:
    done = new(shop, new_registry="docker.io/me", new_ingress_host="shop.example.org")
    assert done.returncode == 0, done.stdout + done.stderr
    assert written(shop) == sorted(WRITTEN)
    found = variables(shop)
    assert found["app_name"] == found["app_namespace"] == "shop"
    assert (found["app_api_port"], found["app_api_readiness_path"]) == (8000, "/healthz")
    assert (found["app_registry"], found["app_base_url"]) == ("docker.io/me", "http://shop.example.org")
    assert "FastAPI (main:app)" in done.stdout
    assert "still wrong" not in done.stdout
    assert "ansible-playbook -i inventory/prod fastapi_mysql.k8s.site --check --diff" in done.stdout
    assert 'CMD ["uvicorn", "main:app"' in (shop / "Dockerfile").read_text()
    configuration = configparser.ConfigParser()
    configuration.read(shop / "ansible.cfg")
    assert configuration["defaults"]["stdout_callback"] == "fastapi_mysql.k8s.progress"

    again = new(shop, new_registry="docker.io/me", new_ingress_host="shop.example.org")
    assert "changed=0" in again.stdout, again.stdout + again.stderr


def test_what_is_left_to_fill_in_is_what_the_plan_would_refuse(shop: Path) -> None:
    done = new(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"still wrong in {shop}/inventory/prod: app_registry is empty" in done.stdout


def test_a_second_inventory_leaves_the_rest_as_it_is(shop: Path) -> None:
    new(shop)
    before = (shop / "ansible.cfg").stat().st_mtime_ns
    done = new(shop, new_inventory="staging")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shop / "inventory/staging/hosts.yml").is_file()
    assert (shop / "ansible.cfg").stat().st_mtime_ns == before
    # Two inventories of one application write into folders of their own.
    hosts = [
        yaml.safe_load((shop / f"inventory/{one}/hosts.yml").read_text())["all"]["hosts"] for one in ("prod", "staging")
    ]
    assert hosts == [{"shop-prod": None}, {"shop-staging": None}]


def test_what_a_run_writes_is_hidden_from_git_and_from_builds(shop: Path) -> None:
    (shop / ".gitignore").write_text("*.log\nevidence/")
    (shop / ".dockerignore").write_text("*\n!*.py\n!requirements.txt\n")
    done = new(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    ignored = (shop / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["*.log", "evidence/"]
    assert "/manifests/" in ignored and "/evidence/" not in ignored
    # This list hides all of it already.
    assert (shop / ".dockerignore").read_text() == "*\n!*.py\n!requirements.txt\n"
    (shop / "manifests/prod").mkdir(parents=True)
    (shop / "manifests/prod/my-secret-eval.yml").write_text("secret")
    assert not [path for path, _ in open_context(shop).entries() if path.startswith("manifests")]


@pytest.mark.parametrize("name", ["ansible.cfg", "requirements.yml", "inventory/prod/hosts.yml"])
def test_a_file_that_is_there_stays(shop: Path, name: str) -> None:
    (shop / name).parent.mkdir(parents=True, exist_ok=True)
    (shop / name).write_text("# somebody's own\n")
    before = written(shop)
    done = new(shop)
    assert done.returncode != 0
    assert f"has another {name} already, and nothing was written" in done.stdout + done.stderr
    assert written(shop) == before
    assert (shop / name).read_text() == "# somebody's own\n"
    forced = new(shop, new_force="true")
    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert "somebody" not in (shop / name).read_text()


def test_an_existing_configuration_can_be_left_alone(shop: Path) -> None:
    (shop / "ansible.cfg").write_text("[defaults]\n")
    done = new(shop, new_config="false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shop / "ansible.cfg").read_text() == "[defaults]\n"
    assert not (shop / "requirements.yml").exists()


def test_a_dockerfile_that_is_there_says_the_port_and_stays(shop: Path) -> None:
    (shop / "Dockerfile").write_text('FROM scratch\nEXPOSE 9000\nCMD ["/serve"]\n')
    done = new(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shop / "Dockerfile").read_text() == 'FROM scratch\nEXPOSE 9000\nCMD ["/serve"]\n'
    assert variables(shop)["app_api_port"] == 9000
    assert "names no user: the container runs as user 10001" in (shop / "inventory/prod/group_vars/all.yml").read_text()


def test_sources_below_the_repository(shop: Path) -> None:
    (shop / "services/orders").mkdir(parents=True)
    (shop / "main.py").rename(shop / "services/orders/main.py")
    done = new(shop, new_source="services/orders", new_registry="docker.io/me")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shop / "services/orders/Dockerfile").is_file() and not (shop / "Dockerfile").exists()
    assert "still wrong" not in done.stdout


@pytest.mark.parametrize(
    ("files", "given", "said"),
    [
        ({}, {"new_name": "Shop"}, "new_name is 'Shop': it must be at most 50 lower case letters"),
        ({}, {"new_name": "shop.eu"}, "new_name is 'shop.eu'"),
        ({}, {"new_name": "9lives"}, "new_name is '9lives'"),
        ({}, {"new_name": ""}, "What the application is called is not given, and nothing was written: set new_name"),
        ({}, {"new_folder": "/nowhere/at/all"}, "new_folder is /nowhere/at/all, which is not a folder"),
        ({}, {"new_folder": ROOT}, "this project's own checkout"),
        ({}, {"new_source": "../elsewhere"}, "new_source is ../elsewhere, which is not a folder in"),
        ({}, {"new_inventory": "../prod"}, "new_inventory is '../prod': it must be the name of a folder"),
        ({}, {"new_port": "http"}, "new_port is 'http': it must be a whole number"),
        ({}, {"new_port": "70000"}, "new_port is '70000'"),
        ({}, {"new_readiness_path": "healthz"}, "new_readiness_path is 'healthz'"),
        ({}, {"new_ingress_host": "https://shop.example.org"}, "new_ingress_host is 'https://shop.example.org'"),
        ({}, {"new_base_url": "shop"}, "new_base_url is 'shop': it must be a URL"),
        ({}, {"new_registry": "docker.io/My Name"}, "new_registry: "),
        ({}, {"new_framework": "rails"}, "new_framework is 'rails'"),
        ({}, {"new_forced": "true"}, "The role new does not know the variable new_forced (did you mean new_force?)"),
        ({"Dockerfile": "FROM scratch\n"}, {}, "The Dockerfile has no EXPOSE"),
        (
            {"Dockerfile": "FROM scratch\nEXPOSE 80 443\n"},
            {},
            "exposes the ports 80 and 443, of which one is the API's",
        ),
        ({"old.py": "from flask import Flask\napp = Flask('x')\n"}, {}, "has FastAPI and Flask: set new_framework"),
        ({"main.py": "print('hello')"}, {"new_framework": ""}, ""),
        ({"main.py": "", "requirements.txt": ""}, {}, "The sources do not tell which port the API listens on"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_written(
    shop: Path, files: dict[str, str], given: dict[str, object], said: str
) -> None:
    for name, text in files.items():
        (shop / name).write_text(text)
    before = written(shop)
    done = new(shop, **given)
    if not said:
        # A framework that is needed and not made anywhere: no Dockerfile, but an inventory.
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"app_api_build_context names {shop}, which has no Dockerfile" in done.stdout
        return
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert written(shop) == before


@pytest.mark.parametrize(("mode", "said"), [(0o555, "cannot be written to by this user"), (0o000, "Permission denied")])
def test_a_folder_that_this_user_may_not_write_to_is_refused(mode: int, said: str) -> None:
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above, "shop")
        folder.mkdir()
        folder.chmod(0o755)
        Path(above).chmod(0o755 if mode else 0o700)
        folder.chmod(mode or 0o755)
        with pytest.raises(UserError, match=said), as_nobody():
            folders(str(folder), ".")


def test_check_mode_writes_nothing(shop: Path) -> None:
    before = written(shop)
    done = new(shop, "--check", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "To be written in" in done.stdout and "+app_name:" in done.stdout
    assert written(shop) == before


def test_on_a_terminal_it_asks_and_offers_what_it_found(shop: Path) -> None:
    """What is typed counts; an empty line takes what is offered; who has given a value is not asked for it."""
    typed = {"Registry of its image": "docker.io/typed", "Path that responds with 200 when it is ready": "/typed"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.environ["ANSIBLE_NOCOLOR"] = "1"
        os.execvp("ansible-playbook", arguments(shop, {"new_base_url": "http://given.example.org"}))
    said, answered, deadline = "", 0, time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                said += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:
                break
        elif said[answered:].rstrip().endswith(":"):
            line = said.rstrip().splitlines()[-1]
            answered = len(said)
            os.write(terminal, (next((word for text, word in typed.items() if text in line), "") + "\r").encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    assert "Port that it listens on [8000]:" in said
    assert "Where the Ingress controller" not in said
    assert "Name of the application" not in said
    found = variables(shop)
    assert (found["app_registry"], found["app_api_port"]) == ("docker.io/typed", 8000)
    assert (found["app_api_readiness_path"], found["app_api_liveness_path"]) == ("/typed", "/healthz")
    assert found["app_base_url"] == "http://given.example.org"
