"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: release_failed
short_description: End a release as failed, with what is known of the failure
description:
  - Runs on the controller and does nothing but fail, as M(ansible.builtin.fail) does. Whoever rescues the run finds RV(known)
    in C(ansible_failed_result).
options:
  msg:
    description: Why it failed, and what runs now.
    type: str
    required: true
  known:
    description: What was noted before anything was undone, the C(cause) with its type and remedy, the C(message) of the task that failed first,
      the C(timeline) of the rollout, and the path of the C(black_box).
    type: dict
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Say what happened
  fastapi_mysql.k8s.release_failed:
    msg: "{{ cause.message }} It was rolled back."
    known: {cause: "{{ cause }}"}
"""

RETURN = r"""
known:
  description: As it was given.
  type: dict
  returned: always
"""
