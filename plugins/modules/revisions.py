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
      - V(taken) keeps what there is now, before it is changed, and tells which revision can be gone back to.
      - V(recorded) keeps what there is now as known to work, and removes the oldest beyond O(kept).
      - V(picked) says which revision going back would lead to, or refuses in one line.
      - V(planned) returns what has to be written and removed for a revision to be what runs; the result is never printed.
      - V(listed) prints what is kept.
    type: str
    choices: [taken, recorded, picked, planned, listed]
    required: true
  revision:
    description:
      - For V(picked) the one wanted, 0 for what ran before; for V(planned) the one to restore, 0 for none of the target's objects.
      - For V(taken) the one that is about to be restored, 0 for none; should the run be killed on the way, it is the one to go to.
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
    description: How many to keep; with 0, V(taken) keeps none.
    type: int
    default: 5
  checks:
    description: For V(recorded), what the version was asked when it was verified, to be asked again when it is gone back to.
    type: dict
    default: {}
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Keep what there is
  fastapi_mysql.k8s.revisions:
    name: fastapi-mysql
    namespace: fastapi-mysql
    state: taken
  register: before

- name: Work out how to get back
  fastapi_mysql.k8s.revisions:
    name: fastapi-mysql
    namespace: fastapi-mysql
    state: planned
    revision: "{{ before.restorable }}"
  register: way_back
"""

RETURN = r"""
number:
  description: The revision's number; 0 when there was nothing to keep.
  type: int
  returned: when taken, recorded or picked
first:
  description: Whether nothing of the target was deployed before.
  type: bool
  returned: when taken
complete:
  description: Whether all Pods were up when it was taken.
  type: bool
  returned: when taken
restorable:
  description: The revision to go back to when what follows fails; what there was if its Pods were up, else the last that is known to have worked; 0 for none.
  type: int
  returned: when taken
images:
  description: The image of each container.
  type: dict
  returned: when recorded or picked
checks:
  description: What the revision to go back to is to be asked; empty when that is not known.
  type: dict
  returned: when taken or picked
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
