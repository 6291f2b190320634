"""The level that a namespace is held to is the strictest that all of a target's containers keep to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Whether the API and the database are hardened, whether there is a database; and what follows.
LEVELS = {
    "usual": (True, True, True, "restricted"),
    "stock-mysql": (True, False, True, "baseline"),
    "stock-api": (False, True, True, "baseline"),
    "without-database": (True, False, False, "restricted"),
    "api-alone": (False, True, False, "baseline"),
}


def test_the_namespace_is_held_to_what_its_containers_keep_to(tmp_path: Path) -> None:
    """As the playbooks map it, for whoever makes the namespace: the deployment, or the deployer's administrator."""
    hosts = {
        name: {"app_api_hardened": api, "app_db_hardened": database, "app_db_enabled": enabled, "app_db_mode": "pod"}
        for name, (api, database, enabled, _) in LEVELS.items()
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"vars": {"ansible_connection": "local"}, "hosts": hosts}}))
    call = [str(ROOT / ".venv/bin/ansible"), "all", f"--inventory={inventory}", "--playbook-dir=playbooks", "--tree"]
    call += [str(tmp_path / "told"), "--module-name=ansible.builtin.debug"]
    call += ["--args=msg={{ [target_pod_security] }}"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    told = {name: json.loads((tmp_path / "told" / name).read_text())["msg"] for name in LEVELS}
    assert told == {name: [level] for name, (*_, level) in LEVELS.items()}
