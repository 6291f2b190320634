"""Tell what the system of this machine is, and what it calls the packages that the platform is made from."""

from __future__ import annotations

from typing import Any

from ansible.plugins.lookup import LookupBase

from ..plugin_utils.platform.distributions import this_machine

DOCUMENTATION = """
name: platform_distribution
short_description: Tell what the system of this machine is, and what it calls the platform's packages
description:
  - The entry of C(platform/distributions.yml) for this machine's system, which a derivative shares with what it derives
    from. A system that is not in it has the packages of the newest of its family, in whatever version.
options:
  _terms:
    description: None.
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = """
- name: Fetch what the images are made with on this system
  fastapi_mysql.k8s.debian_packages:
    name: images
    root: /home/me/.cache/fastapi-mysql-k8s/root
    cache_dir: /home/me/.cache/fastapi-mysql-k8s
    packages: "{{ lookup('fastapi_mysql.k8s.platform_distribution').packages.images }}"
"""

RETURN = """
_raw:
  description: C(title), C(suite), C(base_image), C(known), and C(packages), the names by the part that needs them.
  type: list
  elements: dict
"""


class LookupModule(LookupBase):
    """The lookup `platform_distribution`."""

    def run(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        """What Ansible calls."""
        return [this_machine().as_data()]
