"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: manifests_plan
short_description: Say what a set of manifests would change in the cluster, object by object and field by field
description:
  - Runs on the controller, over one connection, and changes nothing.
  - The cluster checks every manifest by a server-side dry run; when it refuses any, the action fails and names all of them.
    A manifest for a namespace that is not there yet is checked in the namespace C(default), and a note says so.
  - What others put into an object's spec counts as a difference, labels and annotations of others do not. A field that the
    server-side apply of somebody else has claimed, and the replicas of a Deployment that an autoscaler looks after, stay as they are.
  - An object that carries the mark of O(name) and is in no manifest is to be deleted; a namespace never is.
  - In check mode it reports C(changed) itself, for the tasks that apply are skipped then.
  - With C(--diff) it shows the objects; of a Secret only which keys differ.
options:
  manifests:
    description: The manifests as text, each of one or more YAML documents, in the order in which they are to be applied.
    type: list
    elements: str
    required: true
  apis:
    description: The groups and versions that the cluster serves; empty to ask it.
    type: list
    elements: str
    default: []
  images:
    description: The images of M(fastapi_mysql.k8s.image_state), to be told and to be held to.
    type: list
    elements: dict
    default: []
  prune_limit:
    description: With more objects to delete than this, the action fails; in check mode it shows them, and says that an apply will be refused.
    type: int
    default: 3
  save:
    description: File to save the plan to (mode 0600, without a secret); empty for none.
    type: str
    default: ""
  quiet:
    description: Whether not to print it, because the same has been printed before.
    type: bool
    default: false
  hold_to:
    description: File with a saved plan; when the cluster or what is wanted has moved since, the action fails. Empty for none.
    type: str
    default: ""
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Say what differs
  fastapi_mysql.k8s.manifests_plan:
    manifests: "{{ rendered.manifests }}"
    namespace: orders
    name: orders
  register: plan
"""

RETURN = r"""
differs:
  description: Whether anything is to be created, changed, replaced or deleted.
  type: bool
  returned: success
interrupted:
  description: Whether nothing differs, but a run that is no more has left its Lease, perhaps before it had verified what it did.
  type: bool
  returned: success
rolled_out:
  description: Whether the Deployment is as wanted, and all its Pods are the wanted ones and ready.
  type: bool
  returned: success
pods:
  description: A short list of the Deployment's Pods.
  type: list
  elements: dict
  returned: success
objects:
  description:
    - What is done with each object, in the order of doing.
    - RV(objects[].action) is C(create), C(change), C(replace) (written as a whole, because somebody changed it by hand), C(delete) or C(left).
  type: list
  elements: dict
  returned: success
  contains:
    action: {description: What is done., type: str}
    api_version: {description: Its group and version., type: str}
    kind: {description: Its kind., type: str}
    namespace: {description: Its namespace., type: str}
    name: {description: Its name., type: str}
    fields: {description: "Of each field that changes its path, and its value before and after; those of a Secret are hidden.", type: list, elements: dict}
    notes: {description: What else is to be known., type: list, elements: str}
summary:
  description: The same for people.
  type: list
  elements: str
  returned: success
to_apply:
  description: The manifests that a server-side apply would bring about; of a Secret the name only.
  type: list
  elements: dict
  returned: success
to_replace:
  description:
    - The objects as they should be, where others changed what an apply would not undo, or where an apply through the official client fails
      (a text with characters beyond 16 bits, such as emoji); of a Secret the name only.
  type: list
  elements: dict
  returned: success
to_delete:
  description: The objects to delete, by kind, name and uid.
  type: list
  elements: dict
  returned: success
"""
