#!/usr/bin/python
"""Write the platform's configuration in one go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.whole_file import write_whole

DOCUMENTATION = r"""
module: platform_files
short_description: Make folders and write files, all in one go
description:
  - Makes folders and writes files whose content is given, as C(ansible.builtin.file) and C(ansible.builtin.template) do one by one.
    A task for each would cost most of a second; the platform has twenty of them, and somebody is waiting.
  - A file is either the old one or the new one, whatever happens. What is made belongs to the user that the module runs as.
options:
  folders:
    description: Folders to make, path → mode.
    type: dict
    default: {}
  files:
    description: Files to write, path → content. Their folders are made as need be.
    type: dict
    default: {}
  settings:
    description: Files that hold a JSON object, path → what it must say; whatever else is in it stays.
    type: dict
    default: {}
  mode:
    description: Mode of the files.
    type: str
    default: "0644"
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Write the configuration
  fastapi_mysql.k8s.platform_files:
    folders:
      /var/lib/fastapi-mysql-k8s/etcd: "0700"
    files:
      /var/lib/fastapi-mysql-k8s/registry.yml: "{{ lookup('ansible.builtin.template', 'registry.yml.j2') }}"
"""

RETURN = r"""
written:
  description: The folders and files that were made or changed.
  type: list
  elements: str
  returned: always
"""


def make_folder(path: Path, mode: int, check: bool) -> bool:
    """Make a folder, or give it its mode; true if there was something to do."""
    if path.is_dir() and path.stat().st_mode & 0o7777 == mode:
        return False
    if not check:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
    return True


def write_file(path: Path, content: str, mode: int, check: bool) -> bool:
    """Write a file, or give it its mode; true if there was something to do."""
    encoded = content.encode()
    if path.is_file() and path.read_bytes() == encoded and path.stat().st_mode & 0o7777 == mode:
        return False
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encoded, mode)
    return True


def with_settings(path: Path, wanted: dict[str, Any]) -> str:
    """A JSON object that says what is wanted, beside what it said before; one that is broken said nothing."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        found = {}
    return json.dumps((found if isinstance(found, dict) else {}) | wanted, indent=4) + "\n"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "folders": {"type": "dict", "default": {}},
            "files": {"type": "dict", "default": {}},
            "settings": {"type": "dict", "default": {}},
            "mode": {"type": "str", "default": "0644"},
        },
        supports_check_mode=True,
    )
    check = module.check_mode
    written = [path for path, mode in module.params["folders"].items() if make_folder(Path(path), int(mode, 8), check)]
    mode = int(module.params["mode"], 8)
    files = {path: str(text) for path, text in module.params["files"].items()}
    files |= {path: with_settings(Path(path), wanted) for path, wanted in module.params["settings"].items()}
    written += [path for path, text in files.items() if write_file(Path(path), text, mode, check)]
    module.exit_json(changed=bool(written), written=written)


if __name__ == "__main__":
    main()
