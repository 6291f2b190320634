"""A password in the environment of ansible-playbook is its own: lookups read it, nothing that it starts inherits it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.hidden_environment import inherited

ROOT = Path(__file__).resolve().parents[2]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - ansible.builtin.command: cat /proc/self/environ
      register: own
    - ansible.builtin.copy:
        content: "{{ lookup('ansible.builtin.env', 'APP_DB_PASSWORD') }} {{ 'canary' in said }} {{ 'STAYS' in said }}"
        dest: "{{ playbook_dir }}/said"
        mode: "0600"
      vars: {said: "{{ own.stdout }}"}
"""


def test_no_module_inherits_it(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", str(tmp_path / "play.yml")],
        cwd=ROOT,
        env=os.environ | {"APP_DB_PASSWORD": "canary", "APP_SECRET_TOKEN": "canary too", "STAYS": "yes"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "said").read_text(encoding="utf-8") == "canary False True"


def test_a_copy_leaves_them_out() -> None:
    secrets = {"APP_DB_PASSWORD": "x", "DOCKERHUB_TOKEN": "y", "APP_SECRET_KEY": "z"}
    assert inherited(secrets | {"PATH": "/bin", "APP_SECRETS": "no"}) == {"PATH": "/bin", "APP_SECRETS": "no"}
