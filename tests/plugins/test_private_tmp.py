"""The folder for temporary files is found, and nothing is left in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As the plays of site.yml have it: looked up for each task, in a process of its own.
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files: [MAPPED]
  environment: "{{ target_environment }}"
  tasks:
    - ansible.builtin.command: printenv TMPDIR
      register: seen
    - ansible.builtin.command: "true"
    - ansible.builtin.assert:
        that: seen.stdout == 'EXPECTED'
"""


def test_a_run_leaves_no_folder_behind(tmp_path: Path) -> None:
    kept = tmp_path / "ansible"
    play = PLAY.replace("MAPPED", str(ROOT / "playbooks/group_vars/all.yml")).replace("EXPECTED", str(kept))
    (tmp_path / "play.yml").write_text(play)
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCAL_TEMP": str(kept)}
    call = ["ansible-playbook", "-i", "localhost,", str(tmp_path / "play.yml")]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(kept.glob("ansible-local-*")) == []
