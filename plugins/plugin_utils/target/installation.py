"""What a run needs of the Python that Ansible runs with: a checkout's environment has it, another may not."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from ..errors import UserError

COLLECTIONS = ("kubernetes.core", "community.docker")
# By the names that they are imported by, what they are called where they come from.
PACKAGES = {
    "kubernetes": "kubernetes",
    "docker": "docker",
    "requests": "requests",
    "cyclonedx": "cyclonedx-python-lib",
}


class NotInstalled(UserError):
    """Something that a later step would miss; the message says how to get it."""


def check_installation() -> None:
    """Refuse to begin what would end in the middle. Raises NotInstalled."""
    collections = [name for name in COLLECTIONS if not _is_there(f"ansible_collections.{name}")]
    packages = [name for module, name in PACKAGES.items() if not _is_there(module)]
    if collections or packages:
        lacking = [f"the collection {name}" for name in collections] + [f"the package {name}" for name in packages]
        wanted = [*(["ansible"] if collections else []), *packages]
        raise NotInstalled(
            f"Ansible's Python lacks {', '.join(lacking)}: {sys.executable} -m pip install {' '.join(wanted)}"
        )


def _is_there(module: str) -> bool:
    """Found, not imported: that of kubernetes alone would take longer than all that is asked."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
