"""What the base image's root file system gets of the machine that it is made on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "roles/platform_images/files/add_keys.sh"


def test_a_mirrors_key_is_added_and_the_systems_own_stays(tmp_path: Path) -> None:
    root, keyring = tmp_path / "root", tmp_path / "keyrings"
    keyring.mkdir()
    for name in ("company.asc", "system.gpg"):
        (keyring / name).write_text("of the machine")
    there = root / str(keyring / "system.gpg").lstrip("/")
    there.parent.mkdir(parents=True)
    there.write_text("of the system")
    (tmp_path / "machine.keys").write_text(f"{keyring}/company.asc\n{keyring}/system.gpg\n")
    environment = os.environ | {"KEYS": str(tmp_path / "machine.keys")}
    subprocess.run([str(SCRIPT), str(root)], check=True, env=environment)
    assert (there.parent / "company.asc").read_text() == "of the machine"
    assert there.read_text() == "of the system"


def test_a_machine_whose_sources_name_no_key_adds_none(tmp_path: Path) -> None:
    subprocess.run([str(SCRIPT), str(tmp_path)], check=True, env=os.environ | {"KEYS": "/dev/null"})
    assert list(tmp_path.iterdir()) == []
