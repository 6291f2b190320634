"""The options of every action that looks at one deployment; their types: plugin_utils/kube_action.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  name:
    description: Name of the Deployment, and of the Service, the Ingress and the Secret that belong to it.
    type: str
    required: true
  namespace:
    description: The namespace that they are in.
    type: str
    required: true
"""
