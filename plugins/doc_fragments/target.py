"""The options of every action that tells a target's objects from others; their types: plugin_utils/kube_action.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  namespace:
    description: The namespace to look into.
    type: str
    required: true
  target:
    description: The value of the label C(fastapi-mysql-k8s/target), the mark of ownership.
    type: str
    required: true
"""
