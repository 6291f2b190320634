"""Tell kubernetes.core which cluster a run is about."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.run_cluster import module_arguments

DOCUMENTATION = """
name: cluster
short_description: Tell kubernetes.core which cluster a run is about
description:
  - The arguments for the modules of kubernetes.core that lead to the cluster, the user and the proxy that the actions
    of this collection found first in this run, whatever the environment says. For C(module_defaults).
  - Takes the variables C(K8S_AUTH_*) out of the environment of the task that it is looked up for.
options:
  _terms:
    description: The kubeconfig, empty for $KUBECONFIG or ~/.kube/config; and its context, empty for the current one.
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = """
- name: Apply it
  kubernetes.core.k8s:
    resource_definition: "{{ manifests }}"
  module_defaults:
    group/kubernetes.core.k8s: "{{ lookup('fastapi_mysql.k8s.cluster', app_kubeconfig, app_context) }}"
"""

RETURN = """
_raw:
  description: The arguments.
  type: list
  elements: dict
"""


class LookupModule(LookupBase):
    """The lookup `cluster`."""

    def run(self, terms: list[Any], *_: Any, **__: Any) -> list[dict[str, Any]]:
        """What Ansible calls."""
        kubeconfig, context = (str(term or "") for term in terms)
        try:
            return [module_arguments(kubeconfig, context)]
        except KubeError as error:
            raise AnsibleError(str(error)) from error
