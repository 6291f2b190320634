"""The example that people copy: users write notes while releases come and go, and read all of them back."""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from playbook_runner import INGRESS, ROOT, Run, Target, build_secrets, run

from conftest import NewTarget

EXAMPLE = ROOT / "examples/notes"
OF_ITS_OWN = yaml.safe_load((EXAMPLE / "inventory/group_vars/all/2-notes.yml").read_text())
# What keeps apart two that stand on one cluster.
OF_THIS_RUN = ("app_name", "app_namespace", "app_ingress_host", "app_api_image_name", "app_db_image_name")
MIGRATION = '''"""What a note is about."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.add_column("notes", sa.Column("about", sa.String(80)))
'''


@dataclass
class Writer:
    """A user who writes notes, one after the other, and remembers each that the API has taken."""

    host: str
    name: str
    stop: threading.Event
    written: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    cookie: str = ""

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Over a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(INGRESS).netloc, timeout=20)
        headers = {"Host": self.host, "Content-Type": "application/json", "Cookie": self.cookie}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            self.cookie = (response.headers.get("Set-Cookie") or self.cookie).partition(";")[0]
            return response.status, response.read().decode()
        finally:
            connection.close()

    def sign_up(self) -> None:
        status, told = self.ask("POST", "/users", {"name": self.name, "password": f"password of {self.name}"})
        assert status == 201, told

    def write(self) -> None:
        """Until told to stop."""
        for number in itertools.count():
            if self.stop.is_set():
                return
            text = f"note {number} of {self.name}"
            try:
                status, told = self.ask("POST", "/notes", {"text": text})
            except OSError as error:
                status, told = 0, str(error)
            if status == 201:
                self.written.append(text)
            else:
                self.failed.append(f"{text}: {status} {told[:200]}")
            self.stop.wait(0.05)

    def read(self) -> list[dict[str, object]]:
        """All of them, page by page."""
        found: list[dict[str, object]] = []
        while True:
            after = found[-1]["id"] if found else 0
            status, told = self.ask("GET", f"/notes?limit=1000&after={after}")
            assert status == 200, told
            page = json.loads(told)
            found += page
            if not page:
                return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example's code, which the releases change."""
    copied = tmp_path_factory.mktemp("source") / "notes"
    shutil.copytree(EXAMPLE, copied, ignore=shutil.ignore_patterns("__pycache__", "inventory"))
    return copied


@pytest.fixture(scope="module")
def target(new_target: NewTarget, source: Path) -> Iterator[Target]:
    own = {name: value for name, value in OF_ITS_OWN.items() if name not in OF_THIS_RUN}
    made = new_target(
        "notes",
        **own
        | {"app_api_build_context": str(source), "app_build_secrets": build_secrets(), "workload_drain_seconds": 5},
    )
    made.playbook().succeeded()
    yield made
    made.playbook("playbooks/teardown.yml", app_db_delete_data=True).succeeded()


@pytest.fixture
def writers(target: Target) -> Iterator[list[Writer]]:
    """Four users at work, from before the test until after it."""
    stop = threading.Event()
    users = [Writer(target.host, name, stop) for name in ("ann", "bob", "cem", "dai")]
    for user in users:
        user.sign_up()
    threads = [threading.Thread(target=user.write) for user in users]
    for thread in threads:
        thread.start()
    yield users
    stop.set()
    for thread in threads:
        thread.join()


def test_its_own_inventory_is_all_that_it_needs() -> None:
    inventory = f"-i {EXAMPLE.relative_to(ROOT)}/inventory"
    planned = run(["make", "--no-print-directory", "--assume-old=.venv/deploy", "deploy", f"ARGS={inventory} --check"])
    for told in ("image notes/api", "Deployment notes-words"):
        assert told in planned.succeeded().stdout, planned.output


def test_no_note_is_lost_while_releases_come_and_go(target: Target, source: Path, writers: list[Writer]) -> None:
    main = source / "notes/main.py"
    right = main.read_text()
    # A release with a migration, which the version before can live with.
    (source / "migrations/versions/0002_about.py").write_text(MIGRATION)
    target.playbook().succeeded()
    # One that cannot come up.
    main.write_text(right + "\nraise SystemExit('broken by the test')\n")
    failed = target.playbook()
    assert failed.rc != 0 and "broken by the test" in failed.errors[-1], failed.output
    # One that is right, and rolled back all the same.
    main.write_text(right.replace('title="Notes"', 'title="Notes, once more"'))
    target.playbook().succeeded()
    target.make("rollback").succeeded()
    writers[0].stop.set()
    assert [one for user in writers for one in user.failed] == []
    for user in writers:
        assert [note["text"] for note in user.read()][: len(user.written)] == user.written
    assert sum(len(user.written) for user in writers) > 1000


def make(target: Target, goal: str, file: Path) -> Run:
    arguments = ["--no-print-directory", "--assume-old=.venv/deploy", goal, f"FILE={file}"]
    return run(["make", *arguments, f"ARGS=-i {target.inventory({})}"])


def test_a_backup_brings_back_what_a_teardown_has_deleted(target: Target, tmp_path: Path) -> None:
    user = Writer(target.host, "eva", threading.Event())
    user.sign_up()
    for number in range(20):
        status, told = user.ask("POST", "/notes", {"text": f"note {number} with 'quotes', \\ and é 🔑"})
        assert status == 201, told
    before = [note["text"] for note in user.read()]
    file = tmp_path / "notes.sql.gz"
    saved = make(target, "backup", file).succeeded()
    assert "SHA-256" in saved.stdout
    # What came after the backup goes with the restore; what nobody can restore is refused before that.
    user.ask("POST", "/notes", {"text": "too late"})
    damaged = tmp_path / "damaged.sql.gz"
    damaged.write_bytes(file.read_bytes()[:-9])
    refused = make(target, "restore", damaged)
    assert refused.rc != 0 and "is damaged" in refused.errors[-1], refused.output
    assert len(user.read()) == 21
    make(target, "restore", file).succeeded()
    assert [note["text"] for note in user.read()] == before
    [kept] = tmp_path.glob("notes.sql.gz.before-*")
    make(target, "restore", kept).succeeded()
    assert len(user.read()) == 21
    # All of it gone, and back; the sessions are others, for their key was deleted as well.
    target.playbook("playbooks/teardown.yml", app_db_delete_data=True).succeeded()
    target.playbook().succeeded()
    make(target, "restore", file).succeeded()
    status, told = user.ask("POST", "/login", {"name": "eva", "password": "password of eva"})
    assert status == 200, told
    assert [note["text"] for note in user.read()] == before
    again = tmp_path / "again.sql.gz"
    make(target, "backup", again).succeeded()
    assert again.read_bytes() == file.read_bytes()
    # The Jobs that had migrated are forgotten; nothing else differs.
    assert "Job" in target.playbook("site.yml", "--check").succeeded().stdout
