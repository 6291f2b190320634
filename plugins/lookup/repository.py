"""Find the folder of the repository that a run is for."""

from __future__ import annotations

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils.repository import repository

DOCUMENTATION = """
name: repository
short_description: Find the folder of the repository that a run is for
description:
  - The checkout that holds this collection. Where it is installed (C(ansible-galaxy collection install)), the
    folder where C(ansible-playbook) was called, for what a run writes must not go into the collection's own.
options:
  _terms:
    description: None.
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = """
- name: Print where manifests and evidence go
  ansible.builtin.debug:
    msg: "{{ lookup('fastapi_mysql.k8s.repository') }}"
"""

RETURN = """
_raw:
  description: Its path.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    """The lookup `repository`."""

    def run(self, *_: Any, **__: Any) -> list[str]:
        """What Ansible calls."""
        return [str(repository())]
