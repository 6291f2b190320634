"""Find the folder that Ansible keeps its temporary files in on this machine, without making another in it."""

from __future__ import annotations

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils.run_folder import run_folder

DOCUMENTATION = """
name: private_tmp
short_description: Find the folder that Ansible keeps its temporary files in
description:
  - The folder that C(local_tmp) names, which is the caller's own. The lookup C(ansible.builtin.config) would make a new
    folder in it each time it is looked up, and a task's process ends without removing that.
options:
  _terms:
    description: None.
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = """
- name: Keep what a module caches out of the folder that all users share
  kubernetes.core.k8s:
    resource_definition: "{{ manifests }}"
  environment:
    TMPDIR: "{{ lookup('fastapi_mysql.k8s.private_tmp') }}"
"""

RETURN = """
_raw:
  description: Its path.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    """The lookup `private_tmp`."""

    def run(self, *_: Any, **__: Any) -> list[str]:
        """What Ansible calls."""
        return [str(run_folder().parent)]
