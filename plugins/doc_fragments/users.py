"""The options of every action that asks what users get; their types: plugin_utils/kube_action.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  base_url:
    description: URL at which the Ingress is reached from here.
    type: str
    required: true
  host:
    description: The Host header to send; empty for the one in the URL.
    type: str
    default: ""
  validate_certs:
    description: Whether an https URL's certificate must be trusted.
    type: bool
    default: true
  ca_file:
    description: A file with the certificates of the authorities to trust, in place of those that this machine trusts.
    type: path
    default: ""
  endpoints:
    description: The endpoints to ask, as the role C(verify) describes them.
    type: list
    elements: dict
    default: []
"""
