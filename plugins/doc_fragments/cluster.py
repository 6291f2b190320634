"""The options of every action that talks to Kubernetes; their types: plugin_utils/kube_action.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: The kubeconfig; empty for $KUBECONFIG or ~/.kube/config.
    type: path
    default: ""
  context:
    description: The context in it; empty for its current one.
    type: str
    default: ""
"""
