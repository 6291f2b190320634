"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: release_begin
short_description: Begin a release; take the lock, plan once more, and keep what there is
description:
  - Runs on the controller, in one process and over one connection. Reads the variables C(app_*) by itself, as M(fastapi_mysql.k8s.plan) does.
  - Asks first whether this account may do all of it. One question (SelfSubjectRulesReview) tells all rules; a right that they do not grant is
    asked for by itself (SelfSubjectAccessReview), for a cluster may decide elsewhere. What is lacking is named in one line.
  - Makes the namespace where O(plan) has it as missing, for the lock lives in it; takes the lock as M(fastapi_mysql.k8s.lease) does.
  - Under the lock, plans once more what is to be applied. Another run may have rotated the passwords, or deployed first. Images that this
    run has pushed meanwhile are deployed by their digests. Nothing of it is printed.
  - Keeps what there is now as a revision, unless it is kept already, and tells which one can be gone back to.
  - What fails under the lock gives it back at once, for nothing was changed. Its result holds the passwords, so it is shown at no verbosity.
options:
  plan:
    description: The plan that this run has made first.
    type: dict
    required: true
  hold_to:
    description: File with a saved plan; when the sources, the cluster or what is wanted has moved since, the action fails. Empty for none.
      It counts only where the namespace was there, for such a plan did not foresee it as made.
    type: str
    default: ""
  revision:
    description:
      - For a release that goes back, the revision that is wanted, 0 for what ran before. Nothing is planned then.
      - Should the run be killed on the way, it is the one to go to.
    type: int
  kept:
    description: How many revisions are kept; with 0, none is.
    type: int
    default: 5
  seconds:
    description: How long the lock lasts unless it is renewed.
    type: int
    default: 300
  take_over:
    description: Whether to take the lock whoever holds it.
    type: bool
    default: false
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Take the lock, plan once more, and keep what there is
  fastapi_mysql.k8s.release_begin:
    plan: "{{ app_plan }}"
  register: begun
"""

RETURN = r"""
lock:
  description: The identity that the lock is held under, for the next steps. Beside this and what follows, the plan as it is by now.
  type: str
  returned: success
how:
  description: How the lock was come by, such as C(free), or from whom it was taken over.
  type: str
  returned: success
namespace_made:
  description: Whether the namespace was made for this release.
  type: bool
  returned: success
number:
  description: The revision that ran before; 0 when there was nothing to keep.
  type: int
  returned: success
first:
  description: Whether nothing of the target was deployed before.
  type: bool
  returned: success
complete:
  description: Whether all Pods were up when it was kept.
  type: bool
  returned: success
restorable:
  description: The revision to go back to when what follows fails; what there was if its Pods were up, else the last that is known to have worked; 0 for none.
  type: int
  returned: success
checks:
  description: What that revision is to be asked; empty when that is not known.
  type: dict
  returned: success
back_to:
  description: The revision that this release goes to; 0 for what is planned.
  type: int
  returned: success
back_checks:
  description: What that one is to be asked.
  type: dict
  returned: success
"""
