"""The option of every action that is a step of a release; its type: plugin_utils/run_lock.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  lock:
    description: The lock of the target, which is renewed first. When it is somebody else's by now, that is an error,
      and nothing is done.
    type: dict
    suboptions:
      id:
        description: What M(fastapi_mysql.k8s.release_begin) or M(fastapi_mysql.k8s.lease) has returned.
        type: str
        required: true
      seconds:
        description: How long it lasts from then on.
        type: int
        required: true
"""
