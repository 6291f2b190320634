"""The collection does from a folder of a user's own what a checkout does, and writes nothing into itself."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from installed_collection import ROOT, Installed, install

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# What a run writes, by the variable that says where.
WRITTEN = {
    "app_manifests_dir": "manifests/prod",
    "evidence_dir": "evidence",
    "evidence_source_dir": "",
    "release_black_box_dir": "blackbox/prod",
    "deployer_dest": "kubeconfigs/prod",
    "exam_dir": "exam",
    "exam_evidence_dir": "evidence",
    "status_evidence_dir": "evidence",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with an inventory and nothing else."""
    (tmp_path / "inventory/prod").mkdir(parents=True)
    (tmp_path / "inventory/prod/hosts.yml").write_text("all: {hosts: {prod: {app_name: shop}}}\n")
    return tmp_path


def names(installed: Installed) -> set[str]:
    with tarfile.open(installed.tarball) as archive:
        return {one.name for one in archive if not one.isdir()}


def test_it_holds_what_a_run_needs_and_nothing_of_the_checkout_alone(installed: Installed) -> None:
    found = names(installed)
    rooms = {name.partition("/")[0] for name in found if "/" in name}
    assert rooms == {"meta", "platform", "playbooks", "plugins", "roles", "templates"}
    assert {name for name in found if "/" not in name} == {
        *("MANIFEST.json", "FILES.json", "README.md", "CHANGELOG.md", "LICENSE", "requirements.txt"),
        *("compose.yaml", "compose.host.yaml", "compose.api-root.yaml", "compose.db-root.yaml"),
    }
    assert not [name for name in found if "__pycache__" in name or name.endswith(".pyc")]


def test_what_git_does_not_know_is_never_packed(tmp_path: Path) -> None:
    secret = ROOT / "roles/app/files-of-a-test"
    secret.write_text("of nobody's business\n")
    try:
        assert "roles/app/files-of-a-test" not in names(install(tmp_path))
    finally:
        secret.unlink()


def test_its_version_is_that_of_galaxy_yml(installed: Installed) -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    assert installed.tarball.name == f"fastapi_mysql-k8s-{version}.tar.gz"
    assert json.loads((installed.home / "MANIFEST.json").read_text())["collection_info"]["version"] == version


def test_it_brings_the_locked_list_of_what_it_needs(installed: Installed) -> None:
    call = ["tar", "-xOf", str(installed.tarball), "requirements.txt"]
    listed = subprocess.run(call, capture_output=True, check=True).stdout
    assert listed == (ROOT / "requirements.txt").read_bytes()
    assert b"--hash=sha256:" in listed


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_every_playbook_is_called_by_its_name(installed: Installed, repository: Path, name: str) -> None:
    done = installed.playbook(repository, name, "-i", "inventory/prod", "--list-tasks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TAGS:" in done.stdout
    # Roles, actions and variables are the collection's own, not what a checkout has beside it.
    assert "[WARNING]" not in done.stderr


def test_what_follows_from_a_target_holds_there_too(installed: Installed, repository: Path) -> None:
    """The variables beside the playbooks are read: without them no play would know `target_cluster`."""
    done = installed.playbook(repository, "build", "-i", "inventory/prod", "--check")
    assert done.returncode != 0
    assert "app_registry is empty: set it to the registry to push to" in done.stdout + done.stderr
    assert f"app_api_build_context names {repository}/api, which is not a folder" in done.stdout + done.stderr
    assert "undefined" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_run_writes_goes_to_the_users_folder(installed: Installed, repository: Path, name: str) -> None:
    role = next(one for one in (installed.home / "roles").iterdir() if name.startswith(f"{one.name}_"))
    play = repository / "where.yml"
    (repository / "elsewhere").mkdir()
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  connection: local\n  tasks:\n"
        f"    - ansible.builtin.include_vars: {{file: '{role}/defaults/main.yml'}}\n"
        f"    - ansible.builtin.debug: {{msg: 'it is ({{{{ {name} }}}})'}}\n"
    )
    done = installed.run(repository, "ansible-playbook", "-i", "inventory/prod", "where.yml")
    assert f"it is ({repository / WRITTEN[name]})" in done.stdout, done.stdout + done.stderr


def test_a_run_leaves_nothing_in_the_collection(installed: Installed, repository: Path) -> None:
    before = sorted(path for path in installed.home.rglob("*") if "__pycache__" not in path.parts)
    installed.playbook(repository, "site", "-i", "inventory/prod", "--check")
    assert sorted(path for path in installed.home.rglob("*") if "__pycache__" not in path.parts) == before


def test_from_an_empty_folder_to_a_plan(installed: Installed, tmp_path: Path) -> None:
    """As docs/OWN_API.md has it: write the inventory, install what it names, and call a playbook."""
    (tmp_path / "main.py").write_text("app = FastAPI()\n")
    done = installed.playbook(tmp_path, "new", "-i", "localhost,", "-e", "new_name=shop")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stderr

    (tmp_path / installed.tarball.name).write_bytes(installed.tarball.read_bytes())
    beside = str(tmp_path / "beside")
    call = ("ansible-galaxy", "collection", "install", "-r", "requirements.yml", "-p", beside)
    again = installed.run(tmp_path, *call, ANSIBLE_COLLECTIONS_PATH=beside)
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / "beside/ansible_collections/fastapi_mysql/k8s/MANIFEST.json").is_file()

    options = ("-i", "inventory/prod")
    for check in ("--syntax-check", "--list-tasks"):
        done = installed.playbook(tmp_path, "site", *options, check)
        assert done.returncode == 0, done.stdout + done.stderr
    planned = installed.playbook(tmp_path, "site", *options, "--check")
    assert planned.returncode != 0
    # Its ansible.cfg has the callback, which prints failures last.
    assert planned.stderr.strip().splitlines()[-1].startswith("[ERROR]: app_registry is empty")
