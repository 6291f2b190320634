"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: revisions
short_description: Keep what there is of a target in its cluster, and say how to get back to it
description:
  - A revision is a snapshot of all the target's objects (Secret, Service, Deployment, Ingress and what else bears its labels),
    without what the cluster adds by itself, in one Secret named C(<name>-revision-<number>) in the target's namespace.
  - What runs is known by the fields that our own apply has set, as far as the cluster records that. What others write (an autoscaler, a controller,
    an upgrade's defaults, C(kubectl rollout restart)) makes no other version of it. The same is not kept twice.
  - Reads and writes these Secrets only. What is to be written to go back is returned by V(planned), for kubernetes.core.k8s to do.
  - In check mode nothing is kept.
options:
  name:
    description: The target's name.
    type: str
    required: true
  namespace:
    description: The target's namespace.
    type: str
    required: true
  state:
    description:
      - V(recorded) keeps what there is now as known to work, removes the oldest beyond O(kept), and gives O(lock) back.
      - V(picked) says which revision going back would lead to, or refuses in one line.
      - V(planned) returns what has to be written and removed for a revision to be what runs; the result is never printed.
      - V(listed) prints what is kept.
    type: str
    choices: [recorded, picked, planned, listed]
    required: true
  revision:
    description: For V(picked) the one wanted, 0 for what ran before; for V(planned) the one to restore, 0 for none of the target's objects.
    type: int
    default: 0
  before:
    description: For V(recorded), the number of what ran before.
    type: int
    default: 0
  origin:
    description: For V(recorded), how it came to run.
    type: str
    default: deployed
  kept:
    description: How many to keep; with 0, V(recorded) keeps none.
    type: int
    default: 5
  checks:
    description: For V(recorded), what the version was asked when it was verified, to be asked again when it is gone back to.
    type: dict
    default: {}
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.lock
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Keep what runs
  fastapi_mysql.k8s.revisions:
    name: fastapi-mysql
    namespace: fastapi-mysql
    state: recorded

- name: Work out how to get back
  fastapi_mysql.k8s.revisions:
    name: fastapi-mysql
    namespace: fastapi-mysql
    state: planned
    revision: "{{ begun.restorable }}"
  register: way_back
"""

RETURN = r"""
number:
  description: The revision's number; 0 when none was to be kept.
  type: int
  returned: when recorded or picked
freed:
  description: Whether O(lock) was given back; where that failed, a warning says so, and it ends by itself.
  type: bool
  returned: when recorded
images:
  description: The image of each container.
  type: dict
  returned: when recorded or picked
checks:
  description: What the revision to go back to is to be asked; empty when that is not known.
  type: dict
  returned: when picked
would_change:
  description: The objects that going back would touch.
  type: list
  elements: str
  returned: when picked
apply:
  description: The objects to be applied, in this order; C(apply_secrets) are the Secrets among them, which come first.
  type: list
  elements: dict
  returned: when planned
replace:
  description: The objects to be written as a whole, for others have changed them; C(replace_secrets) are the Secrets among them.
  type: list
  elements: dict
  returned: when planned
again:
  description:
    - The objects in which a field differs that cannot be changed; each with its C(reference), what it is now (C(before)), and C(next), what takes its
      place, which the cluster has accepted under another name. C(again_secrets) are the Secrets among them.
  type: list
  elements: dict
  returned: when planned
remove:
  description: The objects to be removed last, with their uid.
  type: list
  elements: dict
  returned: when planned
revisions:
  description: The kept revisions, newest first, without their objects.
  type: list
  elements: dict
  returned: when listed
current:
  description: The number of the revision that runs now; 0 when it is none of these.
  type: int
  returned: when listed
"""
