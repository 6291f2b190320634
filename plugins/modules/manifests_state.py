"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: manifests_state
short_description: Compare manifests with the cluster, without changing it
description:
  - Runs on the controller, over one connection, and changes nothing.
  - The cluster checks every manifest by a server-side dry run; when it refuses any, the action fails and names all of them.
  - Each object is compared with what the cluster would make of its manifest. A field that others put into its spec counts as a difference,
    labels and annotations of others do not.
  - In check mode it reports C(changed) itself, for the task that applies is skipped then.
  - With C(--diff) it shows the differences; of a Secret only which keys differ.
options:
  manifests:
    description: The manifests as text, each of one or more YAML documents, in the order in which they are to be applied.
    type: list
    elements: str
    required: true
  sensitive:
    description: Return of what differs the kinds only; a result is printed with C(-v).
    type: bool
    default: false
  kubeconfig:
    description: The kubeconfig; empty for $KUBECONFIG or ~/.kube/config.
    type: path
    default: ""
  context:
    description: The context in it; empty for its current one.
    type: str
    default: ""
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Compare with the cluster
  fastapi_mysql.k8s.manifests_state:
    manifests: "{{ rendered.manifests }}"
  register: compared
"""

RETURN = r"""
states:
  description: For each object, C(same), C(absent), C(apply) or C(replace).
  type: dict
  returned: success
  sample: {Deployment fastapi-mysql: same}
to_apply:
  description: The manifests that a server-side apply would bring about.
  type: list
  elements: dict
  returned: success
to_replace:
  description:
    - The objects as they should be, where others changed what an apply would not undo, or where an apply through the official client fails
      (a text with characters beyond 16 bits, such as emoji).
  type: list
  elements: dict
  returned: success
"""
